/** A diff as a reviewer reads it: a part per file, line numbers on both sides, lines in colour. */
import { h, icon, iconButton, safeUrl } from './dom.js';
import { colourCode } from './code.js';

const MOST_LINES = 6_000;
const HUNK = /^@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@/;

/**
 * The files of a unified diff with their lines numbered. A hunk's head says how many lines follow,
 * so a removed line that looks like a head ("--- x") is no trouble.
 * @param {string} text
 * @returns {Array<{name: string, added: number, removed: number, lines: Array<object>}>}
 */
export function parseDiff(text) {
  const files = [];
  let hunk = { left: 0, right: 0, oldRest: 0, newRest: 0 };
  for (const line of text.replace(/\n$/, '').split('\n')) {
    const inside = hunk.oldRest > 0 || hunk.newRest > 0;
    const head = inside ? null : HUNK.exec(line);
    if (inside || line.startsWith('\\')) takeLine(files.at(-1), hunk, line);
    else if (head) {
      if (!files.length) files.push(newFile());
      hunk = { left: +head[1], right: +head[3], oldRest: +(head[2] ?? 1), newRest: +(head[4] ?? 1) };
      files.at(-1).lines.push({ kind: 'hunk', text: line });
    } else takeHeader(files, line);
  }
  return files.filter((file) => file.lines.length || file.name);
}

const newFile = () => ({ name: '', added: 0, removed: 0, lines: [] });

function takeHeader(files, line) {
  const begins = line.startsWith('diff --git ') || (line.startsWith('--- ') && files.at(-1)?.lines.length);
  if (begins || !files.length) files.push(newFile());
  const file = files.at(-1);
  file.name = nameIn(line) ?? file.name;
}

/** Number one line of a hunk and count it. */
function takeLine(file, hunk, line) {
  if (line.startsWith('\\')) {
    file?.lines.push({ kind: 'meta', text: line });
  } else if (line.startsWith('+')) {
    file.added += 1;
    hunk.newRest -= 1;
    file.lines.push({ kind: 'add', text: line, right: hunk.right++ });
  } else if (line.startsWith('-')) {
    file.removed += 1;
    hunk.oldRest -= 1;
    file.lines.push({ kind: 'del', text: line, left: hunk.left++ });
  } else {
    hunk.oldRest -= 1;
    hunk.newRest -= 1;
    file.lines.push({ kind: 'same', text: line, left: hunk.left++, right: hunk.right++ });
  }
}

function nameIn(line) {
  const git = /^diff --git "?a\/.*? "?b\/(.*?)"?$/.exec(line);
  if (git) return git[1];
  const plain = /^(?:\+\+\+|---) "?(?:[ab]\/)?(.*?)"?(?:\t.*)?$/.exec(line);
  return plain && plain[1] !== '/dev/null' ? plain[1] : null;
}

/** All files of a diff, each of which folds. */
export function renderDiff(text) {
  const files = parseDiff(text);
  if (!files.length) return h('pre', { tabindex: 0 }, h('code', { text }));
  let left = MOST_LINES;
  return h(
    'div.diff',
    {},
    files.map((file) => {
      const lines = file.lines.slice(0, Math.max(0, left));
      left -= lines.length;
      return renderFile(file, lines);
    }),
  );
}

function renderFile(file, lines) {
  const summary = h(
    'summary',
    {},
    icon('down'),
    h('span.diff-name', { text: file.name || 'changes' }),
    h('span.diff-added', { text: `+${file.added}` }),
    h('span.diff-removed', { text: `−${file.removed}` }),
  );
  const rows = lines.map((line) =>
    h(
      `div.diff-row.diff-${line.kind}`,
      {},
      h('span.diff-number', { text: line.left ?? '' }),
      h('span.diff-number', { text: line.right ?? '' }),
      h('span.diff-text', { text: line.text || ' ' }),
    ),
  );
  const cut = lines.length < file.lines.length;
  return h(
    'details.diff-part',
    { open: true },
    summary,
    h(
      'div.diff-lines',
      { tabindex: 0, role: 'region', 'aria-label': file.name },
      h('div.diff-table', {}, rows, cut && h('div.faint', { text: 'Download the file for the rest.' })),
    ),
  );
}

/**
 * Read a file over the whole window.
 * @param {{filename: string, url: string}} file
 * @param {string} text
 */
export function openReader(file, text) {
  const close = () => dialog.close();
  const diff = /\.(diff|patch)$/i.test(file.filename);
  const language = file.filename.split('.').at(-1) ?? '';
  const body = diff ? renderDiff(text) : h('pre', { tabindex: 0 }, h('code', {}, colourCode(text, language)));
  const label = `Download ${file.filename}`;
  const download = h(
    'a.icon-button',
    { href: safeUrl(file.url), download: file.filename, title: label, 'aria-label': label },
    icon('download'),
  );
  const dialog = h(
    'dialog.reader',
    { 'aria-label': file.filename },
    h(
      'header.reader-bar',
      {},
      icon('file'),
      h('h2', { text: file.filename }),
      download,
      iconButton('close', 'Close', close),
    ),
    h('div.reader-body', {}, body),
  );
  dialog.addEventListener('close', () => dialog.remove());
  dialog.addEventListener('click', (event) => event.target === dialog && close());
  document.body.append(dialog);
  dialog.showModal();
}
