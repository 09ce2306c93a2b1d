/**
 * What the page knows: the world, messages by channel, who is looking. Changed only here; views
 * listen to topics: world, messages (channel id), unread, typing (channel id), person, commands,
 * link, reload (after a gap in the stream), did (what the person just said or ran).
 */
import { History } from './history.js';

const PERSON_KEY = 'local-discord.person';
const DISMISSED_KEY = 'local-discord.dismissed';
const TYPING_MS = 10_000;

/** Discord's numbers for what kind of thing a channel or message is. */
export const ChannelType = { text: 0, direct: 1, threads: [10, 11, 12] };
export const Flag = { ephemeral: 64, loading: 128, layout: 32_768 };

export class Store {
  #listeners = new Map();
  /** By person: what one has not read another may never have been shown. */
  #unread = new Map();
  channels = new Map();
  users = new Map();
  roles = new Map();
  histories = new Map();
  typing = new Map();
  notices = new Map();
  dismissed = new Set(readList(DISMISSED_KEY));
  guild = { id: '', name: '' };
  bot = null;
  hint = [];
  person = null;
  connected = true;
  /** Channels in view, in which nothing counts as unread. */
  watched = new Set();

  /** Listen to a topic; answers a function that stops listening. */
  on(topic, listener) {
    const listeners = this.#listeners.get(topic) ?? new Set();
    this.#listeners.set(topic, listeners.add(listener));
    return () => listeners.delete(listener);
  }

  emit(topic, detail) {
    for (const listener of [...(this.#listeners.get(topic) ?? [])]) listener(detail);
  }

  /** Take in what `GET /local/world` answered. */
  setWorld(world) {
    this.guild = world.guild;
    this.bot = world.bot ?? null;
    this.hint = world.hint ?? [];
    this.channels = new Map(world.channels.map((channel) => [channel.id, channel]));
    this.users = new Map(world.users.map((user) => [user.id, user]));
    this.roles = new Map((world.roles ?? []).map((role) => [role.id, role]));
    if (!this.users.has(this.person)) this.person = this.#rememberedPerson();
    this.emit('world');
  }

  #rememberedPerson() {
    const people = this.people();
    const kept = localStorage.getItem(PERSON_KEY);
    return (people.find((user) => user.name === kept) ?? people[0])?.id ?? null;
  }

  /** Everyone one can be. */
  people() {
    return [...this.users.values()].filter((user) => !user.bot && !user.onlySeen);
  }

  /** Look through another person's eyes: what only they can see is loaded anew. */
  setPerson(id) {
    this.person = id;
    localStorage.setItem(PERSON_KEY, this.users.get(id)?.name ?? '');
    this.histories.clear();
    this.notices.clear();
    this.emit('person');
  }

  history(channel) {
    if (!this.histories.has(channel)) this.histories.set(channel, new History());
    return this.histories.get(channel);
  }

  textChannels() {
    return [...this.channels.values()].filter((channel) => channel.type === ChannelType.text);
  }

  /** The person's own conversations with the bot. */
  directChannels() {
    return [...this.channels.values()].filter(
      (channel) => channel.type === ChannelType.direct && channel.recipient_id === this.person,
    );
  }

  threadsOf(parent) {
    return [...this.channels.values()].filter(
      (channel) => isThread(channel) && channel.parent_id === parent && !channel.archived,
    );
  }

  /** The thread that hangs from a message. */
  threadOn(message) {
    for (const channel of this.channels.values()) {
      if (isThread(channel) && channel.message_id === message.id) return channel;
    }
    return message.thread ? (this.channels.get(message.thread.id) ?? message.thread) : null;
  }

  visible(channel) {
    return channel && (channel.type !== ChannelType.direct || channel.recipient_id === this.person);
  }

  channelName(channel) {
    return channel.type === ChannelType.direct ? (this.bot?.name ?? channel.name) : channel.name;
  }

  putChannel(channel) {
    this.channels.set(channel.id, { ...this.channels.get(channel.id), ...channel });
    this.emit('world');
    if (channel.parent_id) this.emit('messages', channel.parent_id);
  }

  /** Add or change a message; `fresh` when it has just been said. */
  putMessage(message, fresh = false) {
    this.#rememberUser(message.author);
    this.history(message.channel_id).put(message);
    if (fresh) this.#noteFresh(message);
    this.emit('messages', message.channel_id);
  }

  #rememberUser(author) {
    if (!author || this.users.has(author.id)) return;
    const name = author.global_name ?? author.username;
    this.users.set(author.id, { id: author.id, name, bot: author.bot, onlySeen: true });
  }

  #noteFresh(message) {
    this.setTyping(message.channel_id, message.author.id, false);
    if (this.watched.has(message.channel_id) || message.author.id === this.person) return;
    const count = this.unread.get(message.channel_id) ?? { messages: 0, mentions: 0 };
    count.messages += 1;
    if (message.mentions?.some((user) => user.id === this.person)) count.mentions += 1;
    this.unread.set(message.channel_id, count);
    this.emit('unread');
  }

  /** What this person has not read: `{messages, mentions}` by channel id. */
  get unread() {
    if (!this.#unread.has(this.person)) this.#unread.set(this.person, new Map());
    return this.#unread.get(this.person);
  }

  removeMessage(channel, id) {
    this.history(channel).remove(id);
    this.emit('messages', channel);
  }

  /** Hide an ephemeral message, or one of the page's own, for good. */
  dismiss(message) {
    this.dismissed.add(message.id);
    if (!message.local) localStorage.setItem(DISMISSED_KEY, JSON.stringify([...this.dismissed].slice(-200)));
    this.removeMessage(message.channel_id, message.id);
  }

  /** A line under a message that only this page shows ("This interaction failed"). */
  setNotice(channel, id, text) {
    if (text) this.notices.set(id, text);
    else this.notices.delete(id);
    this.emit('messages', channel);
  }

  markRead(channel) {
    if (this.unread.delete(channel)) this.emit('unread');
  }

  setTyping(channel, user, active) {
    const typing = this.typing.get(channel) ?? new Map();
    clearTimeout(typing.get(user));
    if (active)
      typing.set(
        user,
        setTimeout(() => this.setTyping(channel, user, false), TYPING_MS),
      );
    else if (!typing.delete(user)) return;
    this.typing.set(channel, typing);
    this.emit('typing', channel);
  }

  /** Who is typing there, the person themself left out. */
  typingNames(channel) {
    const ids = [...(this.typing.get(channel)?.keys() ?? [])];
    return ids.filter((id) => id !== this.person).map((id) => this.users.get(id)?.name ?? 'Someone');
  }

  setConnected(connected) {
    this.connected = connected;
    this.emit('link');
  }
}

/** Whether a message is one this person wrote, and so may change. */
export const isOwn = (message, store) =>
  message.author.id === store.person && !message.local && [0, 19].includes(message.type);

/** @param {{type: number}} channel */
export const isThread = (channel) => ChannelType.threads.includes(channel.type);

function readList(key) {
  try {
    const list = JSON.parse(localStorage.getItem(key) ?? '[]');
    return Array.isArray(list) ? list : [];
  } catch {
    return [];
  }
}
