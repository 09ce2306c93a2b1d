/** The card a first visitor sees: what to try. Its words come from the server. */
import { h, iconButton } from './dom.js';
import { renderMarkdown } from './markdown.js';

const SEEN_KEY = 'local-discord.hint-seen';

/**
 * @param {import('./store.js').Store} store
 * @param {import('./markdown.js').Names} names
 * @param {(text: string) => void} onTry gets a piece of code that was clicked
 * @returns {HTMLElement|null} null when there is nothing to say or it was said
 */
export function hintCard(store, names, onTry) {
  const key = JSON.stringify(store.hint);
  if (!store.hint.length || localStorage.getItem(SEEN_KEY) === key) return null;
  const dismiss = () => {
    localStorage.setItem(SEEN_KEY, key);
    card.remove();
  };
  const words = tryable(renderMarkdown(store.hint.join('\n'), names), onTry);
  const card = h(
    'section.hint',
    { 'aria-label': 'What to try' },
    h('div.hint-mark', { 'aria-hidden': 'true' }),
    h('div.hint-words', {}, h('strong', { text: 'Try it' }), words),
    iconButton('close', 'Dismiss the hint', dismiss),
  );
  return card;
}

/** Pieces of code in a hint can be clicked into the composer. */
function tryable(markdown, onTry) {
  for (const code of markdown.querySelectorAll('code.inline-code')) {
    const text = code.textContent;
    code.replaceWith(
      h('button.try', { type: 'button', title: 'Put it into the message box', text, on: { click: () => onTry(text) } }),
    );
  }
  return markdown;
}
