/** Discord's Markdown as DOM nodes. Names of people, channels and roles come from a `Names`. */
import { h, link, iconButton } from './dom.js';
import { parseBlocks } from './md-blocks.js';
import { parseInline } from './md-inline.js';
import { colourCode } from './code.js';
import { placeOfUrl } from './router.js';
import { ago, fullTime, timestampText } from './times.js';

/**
 * @typedef {object} Names
 * @property {(id: string) => string|null} user
 * @property {(id: string) => string|null} role
 * @property {(id: string) => string|null} channel
 * @property {string} me the id of the person reading
 * @property {(id: string, message?: string) => void} [openChannel] called when a channel's mention or
 *   a message's address is clicked
 */

const EMOJI_ONLY =
  /^(?:(?:\p{Emoji_Presentation}|\p{Extended_Pictographic})[\p{Emoji_Modifier}\u200d\ufe0f]*\s*){1,27}$/u;

/**
 * A whole text: headings, quotes, lists, code and inline marks.
 * @param {string} source
 * @param {Names} names
 * @returns {HTMLElement} a `div.markdown`
 */
export function renderMarkdown(source, names) {
  const root = h(
    'div.markdown',
    {},
    parseBlocks(source).map((block) => renderBlock(block, names)),
  );
  if (EMOJI_ONLY.test(source.trim())) root.classList.add('jumbo');
  return root;
}

/** One line with inline marks only, for titles and labels. */
export function renderInline(source, names) {
  return h('span.inline', {}, nodes(parseInline(source), names));
}

/** The words alone on one line, for previews. */
export function plainText(source, names) {
  return renderMarkdown(source, names).textContent.replace(/\s+/g, ' ').trim();
}

function renderBlock(block, names) {
  switch (block.t) {
    case 'heading':
      return h(
        `div.heading.heading-${block.level}`,
        { role: 'heading', 'aria-level': block.level + 2 },
        nodes(block.c, names),
      );
    case 'small':
      return h('div.subtext', {}, nodes(block.c, names));
    case 'quote':
      return h(
        'blockquote',
        {},
        block.blocks.map((inner) => renderBlock(inner, names)),
      );
    case 'group':
      return h(
        'div',
        {},
        block.blocks.map((inner) => renderBlock(inner, names)),
      );
    case 'list':
      return renderList(block, names);
    case 'pre':
      return renderCode(block.v, block.lang);
    default:
      return h('div.text', {}, nodes(block.c, names));
  }
}

function renderList(list, names) {
  const items = list.items.map((item) =>
    h(
      'li',
      {},
      nodes(item.c, names),
      item.lists.map((inner) => renderList(inner, names)),
    ),
  );
  return h(list.ordered ? 'ol' : 'ul', { start: list.ordered ? list.start : null }, items);
}

/** A block of code with a button that copies it. */
export function renderCode(text, lang) {
  const copy = iconButton('copy', 'Copy the code', () => navigator.clipboard?.writeText(text));
  const code = h('code', { data: { lang } }, colourCode(text, lang));
  return h('div.code-block', {}, h('pre', { tabindex: 0 }, code), copy);
}

const nodes = (list, names) => list.map((node) => renderNode(node, names));

const WRAPPERS = { b: 'strong', i: 'em', u: 'u', s: 's' };

function renderNode(node, names) {
  if (Object.hasOwn(WRAPPERS, node.t)) return h(WRAPPERS[node.t], {}, nodes(node.c, names));
  switch (node.t) {
    case 'text':
      return document.createTextNode(node.v);
    case 'code':
      return h('code.inline-code', { text: node.v });
    case 'link':
      return renderLink(node, names);
    case 'spoiler':
      return renderSpoiler(node, names);
    case 'time':
      return renderTime(node);
    case 'emoji':
      return h('span.custom-emoji', { text: `:${node.name}:` });
    case 'command':
      return h('span.mention', { text: `/${node.name}` });
    default:
      return renderMention(node, names);
  }
}

/** A Discord address of a place on this page becomes a way there. */
function renderLink(node, names) {
  const place = placeOfUrl(node.url);
  const name = place && names.channel(place.channel);
  if (!name) return link(node.url, { title: node.masked ? node.url : null }, nodes(node.c, names));
  const words = node.masked ? nodes(node.c, names) : place.message ? `#${name} › message` : `#${name}`;
  const open = () => names.openChannel?.(place.channel, place.message);
  return h('button.mention.mention-channel', { type: 'button', on: { click: open } }, words);
}

function renderSpoiler(node, names) {
  const spoiler = h('span.spoiler', { role: 'button', tabindex: 0, 'aria-label': 'Spoiler', 'aria-expanded': 'false' });
  const inner = h('span.spoiler-inner', {}, nodes(node.c, names));
  const reveal = (event) => {
    if (spoiler.classList.contains('revealed')) return;
    event.preventDefault();
    spoiler.classList.add('revealed');
    spoiler.setAttribute('aria-expanded', 'true');
    spoiler.removeAttribute('aria-label');
  };
  spoiler.addEventListener('click', reveal);
  spoiler.addEventListener('keydown', (event) => {
    if (event.key === 'Enter' || event.key === ' ') reveal(event);
  });
  spoiler.append(inner);
  return spoiler;
}

function renderTime(node) {
  const relative = node.style === 'R';
  const text = relative ? ago(node.at) : timestampText(node.at, node.style);
  const data = relative ? { relative: String(node.at) } : {};
  const datetime = new Date(node.at).toISOString();
  return h('time.timestamp', { datetime, title: fullTime(node.at), data, text });
}

function renderMention(node, names) {
  if (node.t === 'everyone') return h('span.mention.mention-me', { text: node.v });
  if (node.t === 'user') {
    const mine = node.id === names.me ? '.mention-me' : '';
    return h(`span.mention${mine}`, { data: { user: node.id }, text: `@${names.user(node.id) ?? 'unknown-user'}` });
  }
  if (node.t === 'role') return h('span.mention', { text: `@${names.role(node.id) ?? 'deleted-role'}` });
  const name = names.channel(node.id);
  const open = () => names.openChannel?.(node.id);
  return h('button.mention.mention-channel', {
    type: 'button',
    disabled: !name,
    on: { click: open },
    text: `#${name ?? 'unknown'}`,
  });
}
