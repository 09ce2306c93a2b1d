/** The small set of emoji people need here, their names, and the picker. */
import { h } from './dom.js';
import { openPopover } from './popover.js';

export const EMOJI = {
  '👍': 'thumbsup',
  '✅': 'white_check_mark',
  '🚢': 'ship',
  '🚀': 'rocket',
  '❤️': 'heart',
  '👀': 'eyes',
  '🎉': 'tada',
  '😄': 'smile',
  '😂': 'joy',
  '🤔': 'thinking',
  '🙏': 'pray',
  '🔥': 'fire',
  '👎': 'thumbsdown',
  '❌': 'x',
  '🐛': 'bug',
  '🛠️': 'tools',
  '🎲': 'game_die',
  '😢': 'cry',
};

/** What the pointer finds first on a message. */
export const QUICK = ['👍', '✅', '🚢'];

const BY_NAME = new Map(Object.entries(EMOJI).map(([emoji, name]) => [name, emoji]));

/** ":ship:" becomes the ship, save inside code. */
export function replaceShortcodes(text) {
  return text.replace(/(`+)[\s\S]*?\1|:([a-z_]+):/g, (all, ticks, name) => (ticks ? all : (BY_NAME.get(name) ?? all)));
}

/**
 * Let a person pick an emoji.
 * @param {Element|{x: number, y: number}} anchor
 * @param {(emoji: string) => void} onPick
 */
export function pickEmoji(anchor, onPick) {
  let close = () => {};
  const take = (emoji) => {
    close();
    onPick(emoji);
  };
  const buttons = Object.entries(EMOJI).map(([emoji, name]) =>
    h('button.emoji-choice', {
      type: 'button',
      title: `:${name}:`,
      'aria-label': name.replaceAll('_', ' '),
      text: emoji,
      on: { click: () => take(emoji) },
    }),
  );
  const grid = h('div.emoji-picker', { role: 'dialog', 'aria-label': 'Pick an emoji' }, buttons);
  grid.addEventListener('keydown', (event) => walk(buttons, event));
  close = openPopover(anchor, grid, { side: 'above' });
  buttons[0].focus();
}

const MOVES = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: 6, ArrowUp: -6 };

function walk(buttons, event) {
  if (!(event.key in MOVES)) return;
  const next = buttons.indexOf(document.activeElement) + MOVES[event.key];
  buttons[Math.max(0, Math.min(next, buttons.length - 1))].focus();
  event.preventDefault();
}
