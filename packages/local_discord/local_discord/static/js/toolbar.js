/** What one can do with a message: the buttons over its row, and its menu. */
import { h, iconButton } from './dom.js';
import { QUICK, pickEmoji } from './emoji.js';
import { Flag } from './store.js';

/** The buttons that appear over a row. */
export function messageToolbar(message, desk) {
  const react = (emoji) => desk.actions.toggleReaction(message, emoji);
  const canReact = !(message.flags & Flag.ephemeral);
  const quick = QUICK.map((emoji) =>
    h('button.icon-button.quick-emoji', {
      type: 'button',
      title: `React with ${emoji}`,
      'aria-label': `React with ${emoji}`,
      text: emoji,
      data: { key: `quick-${emoji}-${message.id}` },
      on: { click: () => react(emoji) },
    }),
  );
  const add = iconButton('smile', 'Add reaction', () => pickEmoji(add, react), {
    data: { key: `react-${message.id}` },
  });
  const more = iconButton('more', 'More', () => desk.actions.openMenu(more, message, desk), {
    data: { key: `more-${message.id}` },
  });
  const bar = h(
    'div.toolbar',
    { role: 'toolbar', 'aria-label': 'Message actions' },
    canReact && quick,
    canReact && add,
    canReact && iconButton('reply', 'Reply', () => desk.reply(message), { data: { key: `reply-${message.id}` } }),
    more,
  );
  for (const button of bar.children) button.tabIndex = -1; // see row-focus.js
  return bar;
}

/** The browser's own menu stays for links, pictures and selected text. */
export function openMessageMenu(event, message, desk) {
  if (event.target.closest('a, input, textarea') || String(getSelection())) return;
  event.preventDefault();
  desk.actions.openMenu({ x: event.clientX, y: event.clientY }, message, desk);
}
