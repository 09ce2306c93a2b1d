/** Faces: the ship for the bot, initials on a colour for people. */
import { h } from './dom.js';

const COLOURS = 8;

function colourOf(id) {
  let sum = 7;
  for (const character of String(id)) sum = (sum * 31 + character.codePointAt(0)) % 9973;
  return sum % COLOURS;
}

function initials(name) {
  const words = name
    .trim()
    .split(/[\s._-]+/)
    .filter(Boolean);
  const letters = words.length > 1 ? [...words[0]][0] + [...words[1]][0] : [...(words[0] ?? '?')][0];
  return letters.toUpperCase();
}

/**
 * @param {{id: string, name: string, bot?: boolean}} user
 * @param {'small'|'normal'|'tiny'} [size]
 */
export function avatar(user, size = 'normal') {
  if (user.bot) return h(`span.avatar.avatar-${size}.avatar-bot`, { 'aria-hidden': 'true' });
  const kinds = `span.avatar.avatar-${size}.avatar-${colourOf(user.id)}`;
  return h(kinds, { 'aria-hidden': 'true', text: initials(user.name || '?') });
}
