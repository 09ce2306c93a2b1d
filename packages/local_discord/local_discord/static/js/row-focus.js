/**
 * The keyboard among messages: one stop for Tab, the arrows walk from row to row. A row's toolbar is
 * reached by Tab only from that row, else a long channel would have hundreds of stops before its box.
 */

/** @param {HTMLElement} scroller holds the rows, `li.message` */
export function walkRows(scroller) {
  scroller.addEventListener('keydown', (event) => {
    const at = event.target.closest('li.message');
    if (event.target !== scroller && event.target !== at) return;
    const next = { ArrowUp: () => before(scroller, at), ArrowDown: () => after(at) }[event.key]?.();
    if (!next) return;
    event.preventDefault();
    next.focus();
  });
  scroller.addEventListener('focusin', (event) => setStops(event.target, 0));
  scroller.addEventListener('focusout', (event) => setStops(event.target, -1));
}

/** The newest row. */
export const newestRow = (scroller) => [...scroller.querySelectorAll('li.message')].at(-1) ?? null;

function before(scroller, row) {
  return row ? sibling(row, 'previousElementSibling') : newestRow(scroller);
}

const after = (row) => row && sibling(row, 'nextElementSibling');

function sibling(row, way) {
  let next = row[way];
  while (next && !next.matches('li.message')) next = next[way];
  return next;
}

function setStops(node, tabIndex) {
  const buttons = node.closest('li.message')?.querySelectorAll('.toolbar button') ?? [];
  for (const button of buttons) button.tabIndex = tabIndex;
}
