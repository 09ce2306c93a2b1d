/** Things that float above the page near what opened them; one at a time. */

let current = null;
const EDGE = 8;

/**
 * Show an element near an anchor, inside the window. Escape, a click elsewhere or a change of the
 * window's size closes it and gives the focus back.
 * @param {Element|{x: number, y: number}} anchor
 * @param {HTMLElement} element
 * @param {{onClose?: () => void, side?: 'below'|'above'}} [options]
 * @returns {() => void} closes it
 */
export function openPopover(anchor, element, { onClose, side = 'below' } = {}) {
  closePopover();
  const before = document.activeElement;
  const opened = { element, anchor, close };
  element.classList.add('popover');
  // What lies under an open dialog cannot be reached.
  const dialog = anchor instanceof Element && anchor.closest('dialog');
  (dialog || document.body).append(element);
  place(anchor, element, side);
  current = opened;
  document.addEventListener('pointerdown', outside, true);
  document.addEventListener('keydown', escape, true);
  window.addEventListener('resize', close);
  return close;

  function close() {
    if (current !== opened) return;
    current = null;
    document.removeEventListener('pointerdown', outside, true);
    document.removeEventListener('keydown', escape, true);
    window.removeEventListener('resize', close);
    const hadFocus = element.contains(document.activeElement) || document.activeElement === document.body;
    element.remove();
    if (hadFocus && before?.isConnected) before.focus({ preventScroll: true });
    onClose?.();
  }

  function outside(event) {
    if (element.contains(event.target)) return;
    if (anchor instanceof Element && anchor.contains(event.target)) return;
    close();
  }

  function escape(event) {
    if (event.key !== 'Escape') return;
    event.preventDefault();
    event.stopPropagation();
    close();
  }
}

/** Close what is open, if anything. */
export const closePopover = () => current?.close();

/** Whether something opened from this anchor is showing. */
export const isOpenFor = (anchor) => current?.anchor === anchor;

function place(anchor, element, side) {
  const box = anchor instanceof Element ? anchor.getBoundingClientRect() : new DOMRect(anchor.x, anchor.y, 0, 0);
  const { offsetWidth: width, offsetHeight: height } = element;
  const below = box.bottom + 4;
  const above = box.top - height - 4;
  let top = side === 'above' ? above : below;
  if (top + height > innerHeight - EDGE) top = above;
  if (top < EDGE) top = Math.max(EDGE, Math.min(below, innerHeight - height - EDGE));
  const left = Math.max(EDGE, Math.min(box.left, innerWidth - width - EDGE));
  element.style.top = `${top}px`;
  element.style.left = `${left}px`;
}
