/** The list of messages of one channel: rows kept by id, the scroll position, the pill. */
import { h, keepFocus } from './dom.js';
import { dividerNode, starterOf, topNode } from './beginning.js';
import { follows, renderMessage, spoken } from './message.js';
import { newer } from './history.js';
import { newestRow, walkRows } from './row-focus.js';
import { isThread } from './store.js';
import { dayName, sameDay } from './times.js';

const NEAR_BOTTOM = 48;

export class MessageList {
  #rows = new Map();
  #dividers = new Map();
  #stuck = true;
  #lowest = 0;
  #fresh = 0;
  #seen = null;
  #newFrom = null;
  #wanted = null;
  #pressed = false;

  /** @param {import('./message.js').Desk} desk @param {import('./live.js').Live} live */
  constructor(desk, live) {
    this.desk = desk;
    this.live = live;
    this.list = h('ol.messages', { 'aria-label': 'Messages' });
    this.scroller = h('div.scroller', { tabindex: 0, role: 'region' }, this.list);
    this.pill = h('button.pill', { type: 'button', hidden: true, on: { click: () => this.toBottom() } });
    this.announcer = h('div.sr-only', { 'aria-live': 'polite' });
    this.element = h('div.list', {}, this.scroller, this.pill, this.announcer);
    this.scroller.addEventListener('scroll', () => this.#scrolled(), { passive: true });
    this.list.addEventListener('pointerdown', () => this.#holdStill());
    walkRows(this.scroller);
    const sizes = new ResizeObserver(() => this.#grown());
    sizes.observe(this.list);
    sizes.observe(this.scroller);
  }

  /** Show another channel, from its newest message, or from the first unread mark. */
  show(channel, unreadCount = 0) {
    this.channel = channel;
    this.#rows.clear();
    this.#dividers.clear();
    this.list.replaceChildren();
    this.scroller.setAttribute('aria-label', `Messages in ${this.desk.store.channelName(channel)}`);
    this.#stuck = true;
    this.#lowest = 0;
    this.#fresh = 0;
    this.#seen = null;
    this.#newFrom = null;
    this.unreadCount = unreadCount;
    this.sync();
  }

  /** Bring the rows in line with the store. */
  sync() {
    if (!this.channel) return;
    const history = this.desk.store.history(this.channel.id);
    if (history.state === 'new') void this.live.open(this.channel.id);
    if (this.#pressed) return;
    this.#noticeScroll();
    const keep = this.#stuck ? null : this.#anchor();
    this.#reconcile(this.#wantedNodes(history));
    this.#noticeNew(history);
    if (this.#stuck) this.#scrollDown();
    else if (keep) this.#restore(keep);
    this.#showPill();
    this.#tryJump();
  }

  /** Rows stay what they are while a button is down: else the click on it would be lost. */
  #holdStill() {
    this.#pressed = true;
    const release = () =>
      setTimeout(() => {
        this.#pressed = false;
        this.sync();
      });
    addEventListener('pointerup', release, { once: true });
    addEventListener('pointercancel', release, { once: true });
  }

  #wantedNodes(history) {
    const nodes = [this.#top(history)];
    let before = null;
    this.#markNew(history);
    for (const message of history.list) {
      const at = Date.parse(message.timestamp);
      const newDay = !before || !sameDay(Date.parse(before.timestamp), at);
      const isNew = message.id === this.#newFrom;
      if (newDay || isNew) nodes.push(this.#divider(newDay ? dayName(at) : '', isNew));
      nodes.push(this.#row(message, !newDay && !isNew && follows(message, before)));
      before = message;
    }
    return nodes;
  }

  #row(message, grouped) {
    const { store } = this.desk;
    const thread = isThread(this.channel) ? null : store.threadOn(message);
    const editor = this.desk.editor?.id === message.id ? this.desk.editor.element : null;
    const around = { grouped, thread, notice: store.notices.get(message.id), editor };
    const needs = [message, grouped, thread, around.notice, editor, store.users.size];
    const row = this.#rows.get(message.id);
    if (row && needs.every((need, at) => need === row.needs[at])) return row.node;
    const node = keepFocus(row?.node, () => {
      const drawn = renderMessage(message, this.desk, around);
      row?.node.replaceWith(drawn);
      return drawn;
    });
    this.#rows.set(message.id, { node, needs });
    return node;
  }

  #divider(day, isNew) {
    const key = `${day}|${isNew}`;
    if (!this.#dividers.has(key)) this.#dividers.set(key, dividerNode(day, isNew));
    return this.#dividers.get(key);
  }

  /** What stands above the first message: the channel's beginning, or that more is coming. */
  #top(history) {
    const starter = starterOf(this.channel, this.desk.store);
    const key = `top|${history.state}|${history.complete}|${starter?.content}`;
    if (!this.#dividers.has(key))
      this.#dividers.set(key, topNode(history, this.channel, starter, this.desk, this.live));
    return this.#dividers.get(key);
  }

  #markNew(history) {
    if (history.state !== 'ready' || !this.unreadCount) return;
    this.#newFrom = history.list.at(-this.unreadCount)?.id ?? null;
    this.unreadCount = 0;
  }

  #reconcile(nodes) {
    const wanted = new Set(nodes);
    for (const child of [...this.list.children]) if (!wanted.has(child)) child.remove();
    let cursor = this.list.firstElementChild;
    for (const node of nodes) {
      if (node === cursor) cursor = cursor.nextElementSibling;
      else this.list.insertBefore(node, cursor);
    }
    const ids = new Set(nodes.map((node) => node.dataset.id));
    for (const id of this.#rows.keys()) if (!ids.has(id)) this.#rows.delete(id);
  }

  /** Say new messages aloud and count those below the fold. */
  #noticeNew(history) {
    if (history.state !== 'ready') return;
    const seen = this.#seen;
    const fresh = history.list.filter((message) => !message.local && seen !== null && newer(message.id, seen));
    this.#seen = fresh.at(-1)?.id ?? seen ?? history.newest ?? '';
    const others = fresh.filter((message) => message.author.id !== this.desk.store.person);
    if (!this.#stuck) this.#fresh += others.length;
    if (others.length) this.#announce(spoken(others.at(-1), this.desk.names));
  }

  /** Only new messages are spoken: an edited card would talk without end. */
  #announce(words) {
    if (this.scroller.ariaNotify) this.scroller.ariaNotify(words);
    else this.announcer.textContent = words;
  }

  #anchor() {
    const top = this.scroller.getBoundingClientRect().top;
    for (const [id, { node }] of this.#rows) {
      const box = node.getBoundingClientRect();
      if (box.bottom > top) return { id, offset: box.top };
    }
    return null;
  }

  #restore({ id, offset }) {
    const node = this.#rows.get(id)?.node;
    if (node) this.scroller.scrollTop += node.getBoundingClientRect().top - offset;
  }

  #scrolled() {
    // Only a person scrolls upwards: when a file's text comes late, what is below grows by itself.
    if (this.#below() < NEAR_BOTTOM) this.#stuck = true;
    else this.#noticeScroll();
    if (this.#stuck) this.#fresh = 0;
    this.#showPill();
    if (this.scroller.scrollTop < 200) void this.live.older(this.channel.id);
  }

  /** How much is hidden below, in pixels. */
  #below() {
    const { scrollHeight, scrollTop, clientHeight } = this.scroller;
    return scrollHeight - scrollTop - clientHeight;
  }

  #grown() {
    this.#noticeScroll();
    if (this.#stuck) this.#scrollDown();
  }

  #scrollDown() {
    this.scroller.scrollTop = this.scroller.scrollHeight;
    this.#lowest = this.scroller.scrollTop;
  }

  /** A scroll upwards counts at once: its event may still be on its way. */
  #noticeScroll() {
    const { scrollTop } = this.scroller;
    if (scrollTop < this.#lowest - NEAR_BOTTOM && this.#below() > NEAR_BOTTOM) this.#stuck = false;
  }

  /** Stay where the person reads although something is about to grow. */
  hold() {
    this.#stuck = false;
  }

  toBottom() {
    this.#stuck = true;
    this.#fresh = 0;
    this.#scrollDown();
    this.#showPill();
  }

  /** Put the keyboard on the newest message. */
  focusNewest() {
    this.toBottom();
    (newestRow(this.scroller) ?? this.scroller).focus();
  }

  #showPill() {
    const far = this.#below() > this.scroller.clientHeight * 1.5;
    this.pill.hidden = this.#stuck || !(this.#fresh || far);
    const words = this.#fresh === 1 ? '1 new message ↓' : `${this.#fresh} new messages ↓`;
    this.pill.textContent = this.#fresh ? words : 'Jump to present ↓';
  }

  /** Scroll to a message and point at it; older ones are loaded until it is found. */
  jump(id) {
    this.#wanted = id;
    this.#tryJump();
  }

  #tryJump() {
    if (!this.#wanted) return;
    const node = this.#rows.get(this.#wanted)?.node;
    const history = this.desk.store.history(this.channel.id);
    if (node) {
      this.#wanted = null;
      this.#stuck = false;
      node.scrollIntoView({ block: 'center' });
      node.classList.add('pointed');
      node.addEventListener('animationend', () => node.classList.remove('pointed'), { once: true });
    } else if (history.complete || history.state === 'failed') {
      this.#wanted = null;
    } else {
      void this.live.older(this.channel.id);
    }
  }
}
