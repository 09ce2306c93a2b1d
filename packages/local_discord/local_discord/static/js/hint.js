/**
 * The card a first visitor sees: what to try. Its words come from the server. What was tried is
 * ticked off. Once all of it was, the next thing a person does takes the card away: the last step may
 * be to do the first again. Or it is dismissed.
 */
import { h, iconButton } from './dom.js';
import { renderMarkdown } from './markdown.js';

const SEEN_KEY = 'local-discord.hint-seen';
const DONE_KEY = 'local-discord.hint-done';
const NARROW = '(max-width: 700px)';

/**
 * @param {import('./store.js').Store} store
 * @param {import('./markdown.js').Names} names
 * @param {(text: string) => void} onTry gets a piece of code that was clicked
 * @returns {HTMLElement|null} null when there is nothing to say or it was said
 */
export function hintCard(store, names, onTry) {
  const key = JSON.stringify(store.hint);
  if (!store.hint.length || localStorage.getItem(SEEN_KEY) === key) return null;
  const done = new Set(keptDone(key));
  const words = renderMarkdown(store.hint.join('\n'), names);
  const tries = tryable(words, onTry);
  const stop = store.on('did', (deed) => {
    if (!card.isConnected) return stop();
    if (tries.size && [...tries.keys()].every((text) => done.has(text))) return dismiss();
    for (const text of tries.keys()) if (isSame(text, deed)) done.add(text);
    localStorage.setItem(DONE_KEY, JSON.stringify({ key, done: [...done] }));
    return show();
  });
  const dismiss = () => {
    localStorage.setItem(SEEN_KEY, key);
    stop();
    card.remove();
  };
  const show = () => {
    for (const [text, button] of tries) button.classList.toggle('done', done.has(text));
  };
  const card = h(
    'section.hint',
    { 'aria-label': 'What to try' },
    h('div.hint-mark', { 'aria-hidden': 'true' }),
    h('details.hint-words', { open: !matchMedia(NARROW).matches }, h('summary', { text: 'Try it' }), words),
    iconButton('close', 'Dismiss the hint', dismiss),
  );
  show();
  return card;
}

function keptDone(key) {
  const kept = JSON.parse(localStorage.getItem(DONE_KEY) ?? '{}');
  return kept.key === key ? kept.done : [];
}

/**
 * Whether what was done is what a step says: that command with those options, those words (said to
 * the bot by a mention too, or pressed: "Ship it"), or a press of that button.
 */
function isSame(text, { command, options, said, pressed }) {
  const plain = (words) =>
    words
      .toLowerCase()
      .replace(/<@!?\d+>/g, ' ')
      .replace(/[.!,\s]+/g, ' ')
      .trim();
  if (!command) return plain(text) === plain(said ?? pressed ?? '');
  const wanted = plain(text);
  const given = Object.values(options ?? {}).map((value) => plain(String(value)));
  const [, ...words] = wanted.replace(`/${plain(command)}`, '/').split(' ');
  if (!`${wanted} `.startsWith(`/${plain(command)} `)) return false;
  return words.every((word) => given.some((value) => ` ${value} `.includes(` ${word.replace(/^[a-z_-]+:/, '')} `)));
}

/**
 * Pieces of code in a hint become buttons that put them into the composer.
 * @returns {Map<string, HTMLElement>} by their text
 */
function tryable(markdown, onTry) {
  const tries = new Map();
  for (const code of markdown.querySelectorAll('code.inline-code')) {
    const text = code.textContent;
    const click = () => onTry(text);
    const button = h('button.try', { type: 'button', title: 'Put it into the message box', text, on: { click } });
    code.replaceWith(button);
    tries.set(text, button);
  }
  for (const press of markdown.querySelectorAll('li strong')) {
    press.classList.add('try');
    tries.set(press.textContent, press);
  }
  return tries;
}
