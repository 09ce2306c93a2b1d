/**
 * Discord's block Markdown as a tree. Blocks are `{t: kind, ...}`: text {c}, heading {level, c},
 * small {c}, quote {blocks}, list {ordered, start, items: [{c, lists}]}, pre {lang, v}.
 */
import { parseInline } from './md-inline.js';

const MAX_DEPTH = 6;
const FENCE = /```(?:([\w+.#-]{1,32})\n)?\n?([\s\S]*?)\n?```/y;
const HEADING = /(#{1,3}) +(\S[^\n]*)(?:\n|$)/y;
const SMALL = /-# +(\S[^\n]*)(?:\n|$)/y;
const QUOTE_ALL = />>> ([\s\S]*)/y;
const QUOTE = /(?:> [^\n]*(?:\n|$)|>\n(?=> ))+/y;
const LIST = /(?: *(?:[-*]|\d{1,9}\.) +\S[^\n]*(?:\n {2,}(?![-*] |\d{1,9}\. )\S[^\n]*)*(?:\n|$))+/y;
const LINE = /[^\n]*\n?/y;

const LINE_RULES = [
  [QUOTE_ALL, (m, depth) => ({ t: 'quote', blocks: parseBlocks(m[1], depth + 1) })],
  [QUOTE, (m, depth) => ({ t: 'quote', blocks: parseBlocks(unquote(m[0]), depth + 1) })],
  [HEADING, (m) => ({ t: 'heading', level: m[1].length, c: parseInline(m[2]) })],
  [SMALL, (m) => ({ t: 'small', c: parseInline(m[1]) })],
  [LIST, (m) => parseList(m[0])],
];

/**
 * Parse a message, an embed's description or the like.
 * @param {string} source
 * @param {number} [depth] quotes in quotes; too deep is read as text
 * @returns {Array<object>}
 */
export function parseBlocks(source, depth = 0) {
  const blocks = [];
  let text = '';
  let at = 0;
  const flush = () => {
    const words = text.replace(/\n$/, '');
    if (words) blocks.push({ t: 'text', c: parseInline(words) });
    text = '';
  };
  while (at < source.length) {
    const block = text === '' || text.endsWith('\n') ? lineBlock(source, at, depth) : null;
    if (block) {
      flush();
      blocks.push(block.node);
      at = block.end;
      continue;
    }
    const step = textUpToFence(source, at);
    text += step.text;
    at = step.end;
    if (!step.fence) continue;
    flush();
    blocks.push(step.fence);
  }
  flush();
  return blocks;
}

function lineBlock(source, at, depth) {
  if (depth >= MAX_DEPTH) return null;
  for (const [pattern, make] of LINE_RULES) {
    pattern.lastIndex = at;
    const match = pattern.exec(source);
    if (match) return { node: make(match, depth), end: at + match[0].length };
  }
  return null;
}

/** The rest of this line, or what stands before a fenced block on it, and that block. */
function textUpToFence(source, at) {
  LINE.lastIndex = at;
  const line = LINE.exec(source)[0];
  const ticks = line.indexOf('```');
  if (ticks === -1) return { text: line, end: at + line.length };
  FENCE.lastIndex = at + ticks;
  const match = FENCE.exec(source);
  if (!match || !match[2].trim()) return { text: line, end: at + line.length };
  let end = FENCE.lastIndex;
  if (source[end] === '\n') end += 1;
  return { text: line.slice(0, ticks), fence: { t: 'pre', lang: match[1] ?? '', v: match[2] }, end };
}

const unquote = (quoted) => quoted.replace(/\n$/, '').replace(/^> ?/gm, '');

const ITEM = /^( *)([-*]|\d{1,9}\.) +(.*)$/;

/** Indentation by two spaces or more opens a list inside the item before it. */
function parseList(source) {
  const root = { indent: -1, lists: [] };
  const path = [root];
  for (const line of source.replace(/\n$/, '').split('\n')) {
    const match = ITEM.exec(line);
    if (!match) {
      path.at(-1).words += `\n${line.trim()}`;
      continue;
    }
    const indent = match[1].length;
    while (path.length > 1 && indent < path.at(-1).indent + 2) path.pop();
    const item = { indent, words: match[3], lists: [] };
    addItem(path.at(-1), match[2], item);
    path.push(item);
  }
  finishItems(root);
  return root.lists.length === 1 ? root.lists[0] : { t: 'group', blocks: root.lists };
}

function addItem(parent, marker, item) {
  const ordered = /\d/.test(marker);
  const last = parent.lists.at(-1);
  if (last && last.ordered === ordered) last.items.push(item);
  else parent.lists.push({ t: 'list', ordered, start: ordered ? parseInt(marker, 10) : 1, items: [item] });
}

function finishItems(parent) {
  for (const list of parent.lists) {
    for (const item of list.items) {
      item.c = parseInline(item.words);
      finishItems(item);
    }
  }
}
