/** The page of the local Discord: puts the parts together and follows the address. */
import { h } from './dom.js';
import { Actions } from './actions.js';
import { closePopover } from './popover.js';
import { hintCard } from './hint.js';
import { Live } from './live.js';
import { Pane } from './pane.js';
import { go, readPlace } from './router.js';
import { Sidebar } from './sidebar.js';
import { isThread, Store } from './store.js';
import { keepRelativeTimesFresh } from './times.js';
import { mountToasts } from './toast.js';

class Page {
  constructor() {
    this.store = new Store();
    this.live = new Live(this.store);
    this.actions = new Actions(this.store);
    const setDrawer = (open) => this.setDrawer(open);
    this.sidebar = new Sidebar(this.store, { onPick: () => setDrawer(false) });
    this.main = this.#pane('main');
    this.thread = this.#pane('thread');
    this.scrim = h('div.scrim', { on: { click: () => setDrawer(false) } });
    const skip = (words, to) => h('button.skip', { type: 'button', text: words, on: { click: to } });
    this.skips = h(
      'nav.skips',
      { 'aria-label': 'Skip' },
      skip('Skip to the message box', () => this.front.composer.focus()),
      skip('Skip to the newest message', () => this.front.list.focusNewest()),
    );
    this.root = h('div.app', {}, this.skips, this.sidebar.element, this.scrim, this.main.element, this.thread.element);
  }

  #pane(kind) {
    return new Pane(this.store, this.actions, this.live, { kind, onMenu: () => this.setDrawer(true) });
  }

  /** The pane one reads and writes in: the thread's, where one is open. */
  get front() {
    return this.thread.channel ? this.thread : this.main;
  }

  setDrawer(open) {
    const leaves = !open && this.sidebar.element.contains(document.activeElement);
    this.root.classList.toggle('drawer-open', open);
    if (open) this.sidebar.element.querySelector('.place.current, .place')?.focus();
    else if (leaves) this.main.head.querySelector('.only-narrow')?.focus();
  }

  async start() {
    await this.live.start();
    document.getElementById('loading')?.remove();
    document.body.append(this.root);
    mountToasts();
    this.follow();
    addEventListener('hashchange', () => this.follow());
    this.store.on('person', () => this.follow());
    this.store.on('world', () => this.#channelGone());
    this.store.on('unread', () => this.#showTitle());
    document.addEventListener('keydown', (event) => this.#key(event));
    keepRelativeTimesFresh();
    this.#showHint();
    this.store.on('hint', () => this.#showHint());
    if (matchMedia('(pointer: fine)').matches) this.main.composer.focus();
  }

  /** Show what the address names: a channel, or a thread beside its channel. */
  follow() {
    closePopover();
    const { store } = this;
    const place = readPlace(store) ?? { channel: store.textChannels()[0]?.id };
    const channel = store.channels.get(place.channel);
    if (!channel) return;
    const parent = isThread(channel) ? store.channels.get(channel.parent_id) : null;
    const opensThread = parent && this.thread.channel?.id !== channel.id;
    this.root.classList.toggle('with-thread', Boolean(parent));
    this.main.show(parent ?? channel, parent ? undefined : place.message);
    this.thread.show(parent ? channel : null, place.message);
    this.sidebar.setPlace(parent ?? channel, parent ? channel : null);
    this.#showTitle();
    if (opensThread && matchMedia('(pointer: fine)').matches) this.thread.composer.focus();
  }

  #showHint() {
    this.hint?.remove();
    this.hint = hintCard(this.store, this.main.desk.names, (text) => this.main.composer.put(text));
    if (this.hint) this.main.list.element.after(this.hint);
  }

  #channelGone() {
    const shown = this.thread.channel ?? this.main.channel;
    if (shown && !this.store.channels.has(shown.id)) this.follow();
  }

  #showTitle() {
    const count = [...this.store.unread.values()].reduce((sum, unread) => sum + unread.messages, 0);
    const shown = this.thread.channel ?? this.main.channel;
    const name = shown ? `${isThread(shown) ? '' : '#'}${this.store.channelName(shown)} · ` : '';
    document.title = `${count ? `(${count}) ` : ''}${name}${this.store.guild.name}`;
  }

  #key(event) {
    if (event.key === 'Escape' && !event.defaultPrevented) this.#escape(event);
    else if (wantsTyping(event)) this.front.composer.focus();
  }

  /** Escape closes the topmost open thing: a dialog (by itself), the drawer, else the thread, never mid-writing. */
  #escape(event) {
    if (document.querySelector('dialog[open]')) return;
    if (this.root.classList.contains('drawer-open')) this.setDrawer(false);
    else if (!event.target.value && this.thread.channel && this.thread.element.contains(event.target)) {
      go({ channel: this.thread.channel.parent_id });
      this.main.composer.focus();
    }
  }
}

/** Whether a letter typed anywhere should land in a composer. A space presses the button it is on. */
function wantsTyping(event) {
  const plain = event.key.length === 1 && !event.ctrlKey && !event.metaKey && !event.altKey;
  const elsewhere =
    event.key === ' ' ? 'input, textarea, dialog, .popover, button, a, summary' : 'input, textarea, dialog, .popover';
  return plain && !event.target.closest(elsewhere);
}

const page = new Page();
page.start().catch((error) => {
  document.getElementById('loading')?.replaceChildren(`The page could not start: ${error.message}`);
});
