/** Short notices at the edge of the page that leave by themselves. */
import { h, iconButton } from './dom.js';

const SHOWN_MS = 7_000;
const region = h('div.toasts', { role: 'alert' });

/** Put the place for notices on the page. */
export const mountToasts = () => document.body.append(region);

/** Show a sentence. */
export function toast(words) {
  const note = h(
    'div.toast',
    {},
    h('span', { text: words }),
    iconButton('close', 'Dismiss', () => note.remove()),
  );
  region.append(note);
  setTimeout(() => note.remove(), SHOWN_MS);
}
