/** From the server to the store: first load, live events, messages on demand. */
import * as api from './api.js';
import { EventStream } from './events.js';

const PAGE = 60;

/** What each event does to the store; unknown events are left alone. */
const TAKE = {
  message_create: (store, event) => takeMessage(store, event, true),
  message_update: (store, event) => takeMessage(store, event, false),
  message_delete: (store, event) => {
    takeCount(store, event);
    store.removeMessage(event.channel_id, event.message_id);
  },
  reaction_add: takeReaction,
  reaction_remove: takeReaction,
  thread_create: (store, event) => store.putChannel(event.thread),
  thread_update: (store, event) => store.putChannel(event.thread),
  thread_delete: (store, event) => {
    store.channels.delete(event.thread_id);
    store.emit('world');
    store.emit('messages', event.channel_id);
  },
  member_add: (store, event) => {
    store.users.set(event.user.id, event.user);
    store.putChannel(event.channel);
    store.emit('world');
  },
  member_remove: (store, event) => {
    store.users.delete(event.user_id);
    store.emit('world');
  },
  typing: (store, event) => store.setTyping(event.channel_id, event.user_id, true),
  presence: (store, event) => setOnline(store, event.bot_online),
  hello: (store, event) => setOnline(store, event.bot_online),
  commands: (store) => store.emit('commands'),
  hint: (store, event) => {
    store.hint = event.hint;
    store.emit('hint');
  },
};

function takeMessage(store, event, isNew) {
  const { message } = event;
  takeCount(store, event);
  if (store.dismissed.has(message.id)) return;
  const known = store.history(message.channel_id).list.some((other) => other.id === message.id);
  store.putMessage(message, isNew && !known);
}

/** Only the server knows how many messages a thread has: private ones and deleted ones do not count. */
function takeCount(store, { channel_id: id, message_count: count }) {
  const thread = store.channels.get(id);
  if (thread && count !== undefined && thread.message_count !== count) {
    store.putChannel({ ...thread, message_count: count });
  }
}

function takeReaction(store, event) {
  const known = store.history(event.channel_id).list.some((other) => other.id === event.message_id);
  if (known && event.message) store.putMessage(event.message);
}

function setOnline(store, online) {
  if (!store.bot || store.bot.online === online) return;
  store.bot = { ...store.bot, online };
  store.emit('world');
}

export class Live {
  /** @param {import('./store.js').Store} store */
  constructor(store) {
    this.store = store;
    this.stream = new EventStream({
      types: ['reset', ...Object.keys(TAKE)],
      onEvent: (event) => this.#take(event),
      onState: (connected) => store.setConnected(connected),
      beforeRetry: () => this.#reached(),
    });
    store.on('person', () => this.stream.open(store.person, this.stream.lastEventId));
  }

  /** Load the world and follow it from there. */
  async start() {
    this.#begin(await api.world());
  }

  #begin(world) {
    this.store.setWorld(world);
    this.stream.open(this.store.person, world.last_event_id);
  }

  #take(event) {
    if (event.type === 'reset') void this.#startOver();
    else TAKE[event.type]?.(this.store, event);
  }

  /** The stream has a gap: forget everything and load it again. */
  async #startOver() {
    try {
      this.#beginAnew(await api.world());
    } catch {
      this.store.setConnected(false);
    }
  }

  #beginAnew(world) {
    this.store.histories.clear();
    this.#begin(world);
    this.store.emit('reload');
    this.store.emit('hint');
  }

  /** Whether the server answers again; another server's world takes the place of the old one. */
  async #reached() {
    try {
      const world = await api.world();
      const same = world.guild.id === this.store.guild.id && world.last_event_id >= Number(this.stream.lastEventId);
      if (!same) this.#beginAnew(world);
      return true;
    } catch {
      return false;
    }
  }

  /** Load a channel's newest messages, once. */
  async open(channel) {
    const history = this.store.history(channel);
    if (history.state === 'loading' || history.state === 'ready') return;
    await this.#load(channel, history, {});
  }

  /** Load what is older than the oldest message shown. */
  async older(channel) {
    const history = this.store.history(channel);
    if (history.state !== 'ready' || history.complete) return;
    await this.#load(channel, history, { before: history.oldest });
  }

  async #load(channel, history, query) {
    history.beginLoading();
    try {
      const page = await api.messages(channel, { user: this.store.person, limit: PAGE, ...query });
      history.merge(
        page.filter((message) => !this.store.dismissed.has(message.id)),
        page.length < PAGE,
      );
    } catch (error) {
      history.state = 'failed';
      history.error = error.message;
    }
    this.store.emit('messages', channel);
  }
}
