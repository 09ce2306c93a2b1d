/** The list above the composer: commands, people, emoji, an option's choices. The input keeps the focus. */
import { h } from './dom.js';

let pickers = 0;

/**
 * @typedef {object} Entry
 * @property {string} label
 * @property {string} [detail]
 * @property {string} [aside] small words at the right
 * @property {Node} [picture]
 * @property {() => void} run
 */

export class Picker {
  #entries = [];
  #at = -1;
  #input = null;

  constructor() {
    pickers += 1;
    this.id = `picker-${pickers}`;
    this.title = h('div.picker-title', { 'aria-live': 'polite' });
    this.list = h('div.picker-list', { role: 'listbox', id: this.id });
    this.element = h('div.picker', { hidden: true }, this.title, this.list);
    this.element.addEventListener('pointerdown', (event) => event.preventDefault());
  }

  get open() {
    return !this.element.hidden;
  }

  /** The entry Enter would take, if any. */
  get active() {
    return this.#entries[this.#at] ?? null;
  }

  /**
   * Show entries for an input. Without entries only the title shows, as a hint.
   * @param {HTMLElement} input
   * @param {Array<Entry>} entries
   * @param {{title?: string, preselect?: boolean}} [options]
   */
  show(input, entries, { title = '', preselect = true } = {}) {
    if (!entries.length && !title) return this.hide();
    if (input !== this.#input) this.#release();
    this.#input = input;
    this.#entries = entries;
    this.title.textContent = title;
    this.title.hidden = !title;
    this.list.replaceChildren(...entries.map((entry, at) => this.#option(entry, at)));
    this.list.hidden = !entries.length;
    this.list.setAttribute('aria-label', title || 'Suggestions');
    this.element.hidden = false;
    input.setAttribute('role', 'combobox');
    input.setAttribute('aria-expanded', 'true');
    input.setAttribute('aria-controls', this.id);
    this.#mark(preselect && entries.length ? 0 : -1);
    return undefined;
  }

  hide() {
    this.element.hidden = true;
    this.#entries = [];
    this.#at = -1;
    this.#release();
  }

  #release() {
    this.#input?.setAttribute('aria-expanded', 'false');
    this.#input?.removeAttribute('aria-activedescendant');
  }

  /**
   * Arrows move, Tab and Enter take, Escape hides.
   * @returns {boolean} whether the key was used up
   */
  key(event) {
    if (!this.open) return false;
    if (event.key === 'Escape') this.hide();
    else if (event.key === 'ArrowDown' && this.#entries.length) this.#move(1);
    else if (event.key === 'ArrowUp' && this.#entries.length) this.#move(-1);
    else if ((event.key === 'Enter' || event.key === 'Tab') && !event.shiftKey && this.active) this.active.run();
    else return false;
    event.preventDefault();
    event.stopPropagation();
    return true;
  }

  #option(entry, at) {
    return h(
      'div.picker-option',
      {
        role: 'option',
        id: `${this.id}-${at}`,
        on: { click: () => entry.run(), pointermove: () => this.#mark(at, false) },
      },
      entry.picture,
      h(
        'span.picker-words',
        {},
        h('span.picker-label', {}, entry.label),
        entry.detail && h('small', { text: entry.detail }),
      ),
      entry.aside && h('span.picker-aside', { text: entry.aside }),
    );
  }

  #move(step) {
    const count = this.#entries.length;
    this.#mark(this.#at === -1 && step < 0 ? count - 1 : (this.#at + step + count) % count);
  }

  #mark(at, scroll = true) {
    this.#at = at;
    [...this.list.children].forEach((option, index) => option.setAttribute('aria-selected', String(index === at)));
    const marked = this.list.children[at];
    if (scroll) marked?.scrollIntoView({ block: 'nearest' });
    if (marked) this.#input?.setAttribute('aria-activedescendant', marked.id);
    else this.#input?.removeAttribute('aria-activedescendant');
  }
}
