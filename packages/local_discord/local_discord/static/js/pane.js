/** One channel or thread on the page: its head, its messages, who is typing, the composer. */
import { fill, h, icon, iconButton } from './dom.js';
import { Composer } from './composer.js';
import { dots } from './message.js';
import { MessageList } from './list.js';
import { messageEditor, typedText } from './message-editor.js';
import { renderInline } from './markdown.js';
import { go } from './router.js';
import { ChannelType, isOwn, isThread } from './store.js';

export class Pane {
  /**
   * @param {import('./store.js').Store} store
   * @param {import('./actions.js').Actions} actions
   * @param {import('./live.js').Live} live
   * @param {{kind: 'main'|'thread', onMenu: () => void}} options
   */
  constructor(store, actions, live, { kind, onMenu }) {
    this.store = store;
    this.kind = kind;
    this.onMenu = onMenu;
    this.desk = {
      store,
      actions,
      names: namesOf(store),
      files: new Map(),
      reply: (message) => this.composer.reply(message),
      edit: (message) => this.#edit(message),
      editLast: () => this.#editLast(),
      editor: null,
      jump: (id) => this.list.jump(id),
      toBottom: () => this.list.toBottom(),
      beforeGrowth: () => this.list.hold(),
    };
    this.list = new MessageList(this.desk, live);
    this.composer = new Composer(this.desk);
    this.head = h('header.pane-head');
    this.typing = h('div.typing', { 'aria-live': 'polite' });
    const tag = kind === 'main' ? 'main.pane.pane-main' : 'aside.pane.pane-thread';
    this.element = h(
      tag,
      { 'aria-label': kind === 'main' ? 'Channel' : 'Thread' },
      this.head,
      this.list.element,
      h('div.pane-foot', {}, this.composer.element, this.typing),
    );
    store.on('messages', (id) => id === this.channel?.id && this.list.sync());
    store.on('typing', (id) => id === this.channel?.id && this.#showTyping());
    store.on('world', () => this.#refresh());
    store.on('person', () => {
      this.desk.editor = null;
    });
    // What another person may not see is left by the page itself.
    for (const topic of ['person', 'reload']) store.on(topic, () => store.visible(this.channel) && this.list.sync());
  }

  /** Show a channel; null empties the pane. */
  show(channel, message) {
    this.element.hidden = !channel;
    const before = this.channel?.id;
    if (before) this.store.watched.delete(before);
    this.channel = channel;
    if (!channel) return;
    this.store.watched.add(channel.id);
    if (channel.id !== before) {
      this.desk.editor = null;
      this.composer.show(channel, this.#spokenName());
      this.list.show(channel, this.store.unread.get(channel.id)?.messages ?? 0);
    }
    this.store.markRead(channel.id);
    this.#showHead();
    this.#showTyping();
    if (message) this.list.jump(message);
  }

  #edit(message) {
    const { desk } = this;
    const leave = () => {
      desk.editor = null;
      this.list.sync();
      this.composer.focus();
    };
    const save = async (text) => {
      if (!text && !message.attachments?.length) desk.actions.remove(message);
      else if (text !== was && !(await desk.actions.edit(message, text))) return false;
      leave();
      return true;
    };
    const was = typedText(message.content, desk.names);
    desk.editor = { id: message.id, element: messageEditor(message.id, was, { onSave: save, onCancel: leave }) };
    this.list.sync();
    const box = desk.editor.element.querySelector('textarea');
    box.focus();
    box.setSelectionRange(was.length, was.length);
  }

  #editLast() {
    const last = this.store.history(this.channel.id).list.findLast((message) => isOwn(message, this.store));
    if (last) this.#edit(last);
    return Boolean(last);
  }

  #refresh() {
    if (!this.channel) return;
    const fresh = this.store.channels.get(this.channel.id);
    if (fresh) this.channel = fresh;
    this.#showHead();
  }

  #spokenName() {
    const name = this.store.channelName(this.channel);
    return this.channel.type === ChannelType.text ? `#${name}` : isThread(this.channel) ? `“${name}”` : `@${name}`;
  }

  #showHead() {
    const { channel, store } = this;
    const thread = isThread(channel);
    const parent = thread ? store.channels.get(channel.parent_id) : null;
    const kindIcon = thread ? 'thread' : channel.type === ChannelType.direct ? 'at' : 'hash';
    const key = JSON.stringify([channel.name, channel.topic, parent?.name, store.bot?.name, channel.archived]);
    if (this.headKey === key) return;
    this.headKey = key;
    fill(
      this.head,
      this.kind === 'main' ? iconButton('menu', 'Channels', this.onMenu, { class: 'icon-button only-narrow' }) : null,
      icon(kindIcon),
      h('h1', { text: store.channelName(channel) }),
      channel.topic && h('div.topic', {}, renderInline(channel.topic, this.desk.names)),
      parent && h('span.topic', { text: `in #${parent.name}` }),
      thread && iconButton('close', 'Close the thread', () => go({ channel: channel.parent_id })),
    );
  }

  #showTyping() {
    const names = this.store.typingNames(this.channel.id);
    if (!names.length) return fill(this.typing);
    const who = names.length > 3 ? 'Several people' : names.join(', ');
    return fill(
      this.typing,
      dots(),
      h('span', {}, h('b', { text: who }), names.length === 1 ? ' is typing…' : ' are typing…'),
    );
  }
}

/** Names for mentions, read from the store when they are drawn. */
function namesOf(store) {
  return {
    get me() {
      return store.person;
    },
    user: (id) => store.users.get(id)?.name ?? null,
    role: (id) => store.roles.get(id)?.name ?? null,
    channel: (id) => (store.channels.has(id) ? store.channelName(store.channels.get(id)) : null),
    openChannel: (id, message) => go({ channel: id, message }),
  };
}
