/**
 * Discord's inline Markdown as a tree. Nodes are `{t: kind, ...}`: text {v}, code {v}, the wrapping
 * kinds b i u s spoiler {c}, link {url, c}, user/role/channel {id}, everyone {v}, time {at, style},
 * emoji {name}, command {name}. Nothing here touches the DOM.
 */

const MAX_DEPTH = 12;

const STRONG = /\*\*((?:\\[\s\S]|[^\\])+?)\*\*(?!\*)/y;
const UNDERLINE = /__((?:\\[\s\S]|[^\\])+?)__(?!_)/y;
const STRIKE = /~~((?:\\[\s\S]|[^\\])+?)~~(?!~)/y;
const SPOILER = /\|\|((?:\\[\s\S]|[^\\])+?)\|\|/y;
const STAR = /\*(?=\S)((?:\*\*|\\[\s\S]|\s+(?:\\[\s\S]|[^\s*\\]|\*\*)|[^\s*\\])+?)\*(?!\*)/y;
const SCORE = /_((?:__|\\[\s\S]|[^\\_])+?)_(?![A-Za-z0-9_])/y;
const MASKED =
  /\[((?:\\.|\[[^\]]*\]|[^[\]\\])+)\]\(\s*<?(https?:\/\/(?:[^\s<>()]|\([^\s<>()]*\))+)>?(?:\s+"[^"]*")?\s*\)/y;
const BARE = /https?:\/\/[^\s<\]]+/y;
const ANGLED = /<(https?:\/\/[^\s<>]+)>/y;
const MENTION = /<(@!?|@&|#)(\d{1,20})>/y;
const TIME = /<t:(-?\d{1,13})(?::([tTdDfFRsS]))?>/y;
const CUSTOM = /<a?:(\w{2,32}):\d{1,20}>/y;
const COMMAND = /<\/([^:>\n]{1,100}):\d{1,20}>/y;
const ESCAPE = /\\([^0-9A-Za-z\s])/y;
const EVERYONE = /@(?:everyone|here)\b/y;

const MENTION_KINDS = { '@': 'user', '@!': 'user', '@&': 'role', '#': 'channel' };
const LATEST = 8_640_000_000_000;

const wrap = (kind) => (match, depth) => ({ t: kind, c: parseInline(match[1], depth + 1) });

/** Rules by the character they begin with; the first that matches wins. */
const RULES = {
  '\\': [[ESCAPE, (m) => ({ t: 'text', v: m[1] })]],
  '*': [
    [STRONG, wrap('b')],
    [STAR, wrap('i')],
  ],
  _: [
    [UNDERLINE, wrap('u')],
    [SCORE, wrap('i')],
  ],
  '~': [[STRIKE, wrap('s')]],
  '|': [[SPOILER, wrap('spoiler')]],
  '[': [[MASKED, maskedLink]],
  h: [[BARE, bareLink]],
  '@': [[EVERYONE, (m) => ({ t: 'everyone', v: m[0] })]],
  '<': [
    [MENTION, (m) => ({ t: MENTION_KINDS[m[1]], id: m[2] })],
    [TIME, timestamp],
    [CUSTOM, (m) => ({ t: 'emoji', name: m[1] })],
    [COMMAND, (m) => ({ t: 'command', name: m[1] })],
    [ANGLED, (m) => ({ t: 'link', url: m[1], c: [{ t: 'text', v: m[1] }] })],
  ],
};

/**
 * Parse one run of inline Markdown. Line breaks stay in the text.
 * @param {string} source
 * @param {number} [depth] how deep we are; too deep is read as plain text
 * @returns {Array<object>}
 */
export function parseInline(source, depth = 0) {
  if (depth > MAX_DEPTH) return [{ t: 'text', v: source }];
  const nodes = [];
  let text = '';
  let at = 0;
  while (at < source.length) {
    const found = matchAt(source, at, depth);
    if (!found) {
      text += source[at];
      at += 1;
      continue;
    }
    if (text) nodes.push({ t: 'text', v: text });
    text = '';
    nodes.push(found.node);
    at += found.length;
  }
  if (text) nodes.push({ t: 'text', v: text });
  return nodes;
}

function matchAt(source, at, depth) {
  const first = source[at];
  if (first === '`') return codeSpan(source, at);
  const before = at > 0 ? source[at - 1] : ' ';
  if ((first === '_' || first === 'h') && /[A-Za-z0-9]/.test(before)) return null;
  if (!Object.hasOwn(RULES, first)) return null;
  for (const [pattern, make] of RULES[first]) {
    pattern.lastIndex = at;
    const match = pattern.exec(source);
    const node = match && make(match, depth);
    if (node) return { node, length: node.length ?? match[0].length };
  }
  return null;
}

/** A run of backticks up to the next run of the same length. */
function codeSpan(source, at) {
  const ticks = /`+/y;
  ticks.lastIndex = at;
  const fence = ticks.exec(source)[0];
  let end = at + fence.length;
  while ((end = source.indexOf(fence, end)) !== -1) {
    ticks.lastIndex = end;
    const closing = ticks.exec(source)[0];
    if (closing.length === fence.length) break;
    end += closing.length;
  }
  if (end === -1) return { node: { t: 'text', v: fence }, length: fence.length };
  const inner = source.slice(at + fence.length, end);
  const trimmed = /^ .*[^ ].* $/s.test(inner) ? inner.slice(1, -1) : inner;
  return { node: { t: 'code', v: trimmed }, length: end + fence.length - at };
}

/** The words of a link that hides its address may not look like another address. */
function maskedLink(match, depth) {
  if (/https?:\/\//i.test(match[1])) return null;
  return { t: 'link', url: match[2], c: parseInline(match[1], depth + 1), masked: true };
}

/** Punctuation after an address and a bracket that opened before it are not part of it. */
function bareLink(match) {
  let url = match[0].replace(/[.,:;!?"'*_~|\]]+$/, '');
  while (url.endsWith(')') && count(url, ')') > count(url, '(')) url = url.slice(0, -1);
  if (!/^https?:\/\/[^\s/?#]/.test(url)) return null;
  return { t: 'link', url, c: [{ t: 'text', v: url }], length: url.length };
}

const count = (text, character) => text.split(character).length - 1;

function timestamp(match) {
  const seconds = Number(match[1]);
  if (Math.abs(seconds) > LATEST) return null;
  return { t: 'time', at: seconds * 1000, style: match[2] ?? 'f' };
}
