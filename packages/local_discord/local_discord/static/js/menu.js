/** Menus: a list of actions near the pointer or a button, walked with the arrow keys. */
import { h, icon } from './dom.js';
import { openPopover } from './popover.js';

/**
 * @typedef {object} Item
 * @property {string} [label]
 * @property {string} [hint] small words at the right
 * @property {string} [icon]
 * @property {Node} [picture] instead of an icon
 * @property {() => void} [run]
 * @property {string} [heading] a heading instead of an action
 * @property {boolean} [line] a line instead of an action
 */

/**
 * @param {Element|{x: number, y: number}} anchor
 * @param {Array<Item>} items
 * @param {string} label for screen readers
 * @param {{side?: 'above'|'below'}} [options]
 */
export function openMenu(anchor, items, label, options) {
  let close = () => {};
  const menu = h('div.menu', { role: 'menu', 'aria-label': label, tabindex: -1 });
  menu.append(...items.map((item) => renderItem(item, () => close())));
  menu.addEventListener('keydown', (event) => walk(menu, event));
  close = openPopover(anchor, menu, options);
  menu.querySelector('[role=menuitem]')?.focus();
}

function renderItem(item, close) {
  if (item.line) return h('hr', { role: 'separator' });
  if (item.heading) return h('div.menu-heading', { role: 'presentation', text: item.heading });
  const run = () => {
    close();
    item.run();
  };
  return h(
    'button.menu-item',
    { type: 'button', role: 'menuitem', tabindex: -1, on: { click: run } },
    item.picture ?? (item.icon && icon(item.icon)),
    h('span.menu-label', { text: item.label }),
    item.hint && h('span.menu-hint', { text: item.hint }),
  );
}

const MOVES = { ArrowDown: 1, ArrowUp: -1 };

function walk(menu, event) {
  const entries = [...menu.querySelectorAll('[role=menuitem]')];
  const at = entries.indexOf(document.activeElement);
  if (event.key === 'Home') entries[0]?.focus();
  else if (event.key === 'End') entries.at(-1)?.focus();
  else if (event.key === 'Tab') return;
  else if (event.key in MOVES) entries[(at + MOVES[event.key] + entries.length) % entries.length]?.focus();
  else return;
  event.preventDefault();
}
