/** Colouring of code: a diff by its lines, a few languages by their words. Text nodes only. */
import { h } from './dom.js';

const MAX_COLOURED = 60_000;

const WORDS = {
  python:
    'and as assert async await break class continue def del elif else except finally for from global if import in is lambda nonlocal not or pass raise return try while with yield match case None True False self',
  js: 'async await break case catch class const continue default delete do else export extends finally for from function if import in instanceof let new null of return static switch this throw true false try typeof undefined var void while yield',
  sh: 'case do done elif else esac export fi for function if in local return then until while',
  sql: 'select from where and or not insert into values update set delete create table index join left on group by order limit as null is in primary key',
  data: 'true false null yes no on off',
};

const LANGUAGES = {
  py: 'python',
  python: 'python',
  py3: 'python',
  pycon: 'python',
  js: 'js',
  javascript: 'js',
  ts: 'js',
  typescript: 'js',
  sh: 'sh',
  bash: 'sh',
  shell: 'sh',
  console: 'sh',
  sql: 'sql',
  json: 'data',
  yaml: 'data',
  yml: 'data',
  toml: 'data',
  ini: 'data',
};

const QUOTED = String.raw`"""[\s\S]*?"""|'''[\s\S]*?'''|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'`;
const NUMBER = String.raw`\b\d[\d_]*(?:\.\d+)?\b`;

/**
 * The lines of a unified diff, each with its kind.
 * @param {string} text
 * @returns {Array<{kind: 'file'|'hunk'|'add'|'del'|'meta'|'same', text: string}>}
 */
export function diffLines(text) {
  return text
    .replace(/\n$/, '')
    .split('\n')
    .map((line) => ({ kind: diffKind(line), text: line }));
}

function diffKind(line) {
  if (/^(diff --git |\+\+\+ |--- )/.test(line)) return 'file';
  if (line.startsWith('@@')) return 'hunk';
  if (/^(index |new file|deleted file|similarity|rename |old mode|new mode|Binary )/.test(line)) return 'meta';
  if (line.startsWith('+')) return 'add';
  if (line.startsWith('-')) return 'del';
  return 'same';
}

/**
 * The nodes that show a piece of code in colour; plain text for unknown languages.
 * @param {string} text
 * @param {string} lang what stood after the three backticks, or a file's extension
 * @returns {Array<Node>}
 */
export function colourCode(text, lang) {
  const language = lang.toLowerCase();
  if (language === 'diff' || language === 'patch') {
    return diffLines(text).map((line) => h(`span.diff-line.diff-${line.kind}`, { text: `${line.text}\n` }));
  }
  const family = Object.hasOwn(LANGUAGES, language) ? LANGUAGES[language] : null;
  if (!family || text.length > MAX_COLOURED) return [document.createTextNode(text)];
  return colourWords(text, family);
}

function colourWords(text, family) {
  const comment = family === 'js' ? '//[^\\n]*|/\\*[\\s\\S]*?\\*/' : family === 'sql' ? '--[^\\n]*' : '#[^\\n]*';
  const words = WORDS[family].split(' ').join('|');
  const pattern = new RegExp(
    `(?<comment>${comment})|(?<string>${QUOTED})|(?<number>${NUMBER})|(?<word>\\b(?:${words})\\b)|(?<call>\\b\\w+(?=\\())`,
    family === 'sql' ? 'gi' : 'g',
  );
  const nodes = [];
  let at = 0;
  for (const match of text.matchAll(pattern)) {
    if (match.index > at) nodes.push(document.createTextNode(text.slice(at, match.index)));
    const kind = Object.keys(match.groups).find((name) => match.groups[name] !== undefined);
    nodes.push(h(`span.tok-${kind}`, { text: match[0] }));
    at = match.index + match[0].length;
  }
  nodes.push(document.createTextNode(text.slice(at)));
  return nodes;
}
