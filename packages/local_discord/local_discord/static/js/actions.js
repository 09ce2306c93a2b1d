/** What a person can do: each tells the server, and says so on the page when it is refused. */
import * as api from './api.js';
import { confirmDelete } from './confirm.js';
import { openMenu } from './menu.js';
import { openModal } from './modal.js';
import { pickEmoji } from './emoji.js';
import { reactedBy, emojiKey } from './reactions.js';
import { go, placeOfUrl } from './router.js';
import { Flag, isOwn } from './store.js';
import { toast } from './toast.js';

const PENDING_AFTER_MS = 350;
const MESSAGE_COMMAND = 3;

/** What stands on the button of a message; nothing for a select. */
function labelOf(message, customId) {
  const items = (message.components ?? []).flatMap((line) => line.components ?? [line]);
  return items.find((item) => item.custom_id === customId)?.label ?? '';
}

export class Actions {
  #commands = new Map();
  #locals = 0;

  /** @param {import('./store.js').Store} store */
  constructor(store) {
    this.store = store;
    this.go = go;
    this.placeOf = placeOfUrl;
    store.on('commands', () => this.#commands.clear());
    store.on('person', () => this.#commands.clear());
  }

  /** Send a message; false when it was refused (a notice says why). */
  async say(channel, content, { replyTo, files = [] } = {}) {
    const body = { user: this.store.person, channel, content, nonce: crypto.randomUUID?.() ?? String(Math.random()) };
    if (replyTo) body.reply_to = replyTo;
    if (files.length) body.attachments = files;
    const message = await this.#try(() => api.say(body));
    if (message) this.store.emit('did', { said: content });
    if (message && !this.#has(message)) this.store.putMessage(message, true);
    return Boolean(message);
  }

  #has(message) {
    return this.store.history(message.channel_id).list.some((other) => other.id === message.id);
  }

  async #try(ask) {
    try {
      return await ask();
    } catch (error) {
      toast(error.message);
      return null;
    }
  }

  /** Change one's own message; false when it was refused (a notice says why). */
  async edit(message, content) {
    const changed = await this.#try(() => api.edit({ ...this.#own(message), content }));
    if (changed && this.#has(changed)) this.store.putMessage(changed);
    return Boolean(changed);
  }

  /** Delete one's own message, once the person has said so again. */
  remove(message) {
    confirmDelete(message, () => this.#try(() => api.unsay(this.#own(message))));
  }

  #own(message) {
    return { user: this.store.person, channel: message.channel_id, message: message.id };
  }

  /** Tell the bot one is typing; nobody minds if that is lost. */
  typing(channel) {
    api.typing({ user: this.store.person, channel }).catch(() => {});
  }

  /** Put one's reaction on a message, or take it back. */
  async toggleReaction(message, emoji) {
    const mine = (message.reactions ?? []).some(
      (reaction) => emojiKey(reaction.emoji) === emoji && reactedBy(reaction, this.store.person),
    );
    const body = { ...this.#own(message), emoji };
    const changed = await this.#try(() => api.react(mine ? { ...body, remove: true } : body));
    if (changed && this.#has(changed)) this.store.putMessage(changed);
  }

  /** Press a button or choose in a select. */
  async press(message, customId, values) {
    const component = { custom_id: customId, message: message.id };
    if (values) component.values = values;
    this.store.setNotice(message.channel_id, message.id, null);
    const label = labelOf(message, customId);
    const failure = await this.#interact(message.channel_id, { component });
    if (!failure && label) this.store.emit('did', { pressed: label });
    if (failure) this.store.setNotice(message.channel_id, message.id, failure);
  }

  /** Run a slash command; `shown` is how it looks while it is on its way. */
  async run(channel, name, options, shown) {
    this.store.emit('did', { command: name, options });
    await this.#withPending(channel, shown, () => this.#interact(channel, { command: { name, options } }));
  }

  /** Run a message command ("Investigate this"). */
  async runOn(message, name) {
    const body = { command: { name, target: message.id } };
    await this.#withPending(message.channel_id, name, () => this.#interact(message.channel_id, body));
  }

  /** Ask the bot what could stand in an option. */
  async complete(channel, command, option, value, options) {
    const autocomplete = { command, option, value, options };
    try {
      const answer = await api.interact({ user: this.store.person, channel, autocomplete });
      return answer.choices ?? [];
    } catch {
      return [];
    }
  }

  /** Send an interaction and do what its answer asks for; a sentence when it failed. */
  async #interact(channel, body) {
    try {
      const answer = await api.interact({ user: this.store.person, channel, ...body });
      if (answer.modal) this.#openModal(channel, answer.modal);
      if (answer.message && !this.#has(answer.message)) this.store.putMessage(answer.message, true);
      return answer.result === 'failed' ? (answer.error ?? 'The application did not respond') : null;
    } catch (error) {
      return error.message;
    }
  }

  #openModal(channel, modal) {
    const send = (fields) => this.#interact(channel, { modal: { custom_id: modal.custom_id, fields } });
    openModal(modal, send);
  }

  /** A row of this page's own while the bot has not answered; it stays, with the reason, on failure. */
  async #withPending(channel, shown, interact) {
    const row = this.#localRow(channel, shown);
    const timer = setTimeout(() => this.store.putMessage(row), PENDING_AFTER_MS);
    const failure = await interact();
    clearTimeout(timer);
    if (failure) this.store.putMessage({ ...row, error: failure });
    else if (this.#has(row)) this.store.removeMessage(channel, row.id);
  }

  #localRow(channel, command) {
    const user = this.store.users.get(this.store.person);
    this.#locals += 1;
    return {
      id: `local-${this.#locals}`,
      local: true,
      channel_id: channel,
      type: 0,
      flags: 0,
      command,
      author: { id: user.id, username: user.name },
      timestamp: new Date().toISOString(),
    };
  }

  /** What the bot offers this person in this channel, asked for once. */
  async commands(channel) {
    if (!this.#commands.has(channel)) {
      this.#commands.set(
        channel,
        api.commands(this.store.person, channel).catch(() => {
          this.#commands.delete(channel);
          return [];
        }),
      );
    }
    return this.#commands.get(channel);
  }

  /** The menu of one message. */
  async openMenu(anchor, message, desk) {
    const commands = await this.commands(message.channel_id);
    const apps = commands.filter((command) => command.type === MESSAGE_COMMAND);
    openMenu(anchor, this.#menuItems(anchor, message, desk, apps), 'Message');
  }

  #menuItems(anchor, message, desk, apps) {
    const ephemeral = Boolean(message.flags & Flag.ephemeral);
    const thread = this.store.threadOn(message);
    const react = () => pickEmoji(anchor, (emoji) => this.toggleReaction(message, emoji));
    const items = [
      !ephemeral && { label: 'Add reaction', icon: 'smile', run: react },
      !ephemeral && { label: 'Reply', icon: 'reply', run: () => desk.reply(message) },
      isOwn(message, this.store) && { label: 'Edit message', icon: 'edit', run: () => desk.edit(message) },
      thread && { label: 'Open thread', icon: 'thread', run: () => this.go({ channel: thread.id }) },
      message.content && { label: 'Copy text', icon: 'copy', run: () => copy(message.content) },
      { label: 'Copy message id', icon: 'copy', run: () => copy(message.id) },
      isOwn(message, this.store) && { label: 'Delete message', icon: 'trash', run: () => this.remove(message) },
      ephemeral && { label: 'Dismiss', icon: 'close', run: () => this.store.dismiss(message) },
    ];
    if (apps.length && !ephemeral) items.push({ line: true }, { heading: 'Apps' });
    for (const app of ephemeral ? [] : apps) {
      items.push({ label: app.name, icon: 'apps', run: () => this.runOn(message, app.name) });
    }
    return items.filter(Boolean);
  }
}

async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    toast('Copied.');
  } catch {
    toast(`Copying is not allowed here: ${text}`);
  }
}
