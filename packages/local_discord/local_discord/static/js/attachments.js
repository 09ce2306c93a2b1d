/** Files on a message: pictures in place, text and diffs to read here, the rest to download. */
import { h, icon, iconButton, safeUrl } from './dom.js';
import { colourCode } from './code.js';
import { openReader, renderDiff } from './diff-view.js';

const TEXT_NAME = /\.(txt|log|diff|patch|md|py|js|json|ya?ml|toml|ini|cfg|csv|sh|html|css|ndjson)$/i;
const MOST_SHOWN = 512 * 1024;
const PREVIEW_LINES = 8;

/**
 * The address of a picture or file in an embed or layout: `attachment://name` is looked up.
 * @returns {string|null} null when missing or unsafe
 */
export function resolveMedia(url, message) {
  if (typeof url === 'string' && url.startsWith('attachment://')) {
    const name = url.slice('attachment://'.length);
    return (message.attachments ?? []).find((file) => file.filename === name)?.url ?? null;
  }
  return safeUrl(url);
}

/** A picture that opens in a tab of its own; a link when it cannot be loaded here. */
export function picture(url, description, kind) {
  const href = safeUrl(url);
  if (!href) return h('span.missing-picture', { text: description || 'picture' });
  const image = h('img', { src: href, alt: description, loading: 'lazy', referrerpolicy: 'no-referrer' });
  const frame = h(`a.picture.${kind}`, { href, target: '_blank', rel: 'noopener noreferrer' }, image);
  image.addEventListener('error', () => {
    frame.classList.add('broken');
    image.replaceWith(h('span', { text: description || href }));
  });
  return frame;
}

/** The files that are not already shown inside an embed or a layout. */
export function renderAttachments(message, desk) {
  const used = JSON.stringify([message.embeds ?? [], message.components ?? []]);
  const shown = (message.attachments ?? []).filter(
    (file) => !used.includes(JSON.stringify(file.url)) && !used.includes(`"attachment://${file.filename}"`),
  );
  if (!shown.length) return null;
  return h(
    'div.attachments',
    {},
    shown.map((file) => renderAttachment(file, desk)),
  );
}

/** One file; drawn once, so that an edit of its message does not fold it or lose one's place. */
export function renderAttachment(file, desk) {
  const key = `${file.id} ${file.url}`;
  if (!desk.files.has(key)) desk.files.set(key, drawFile(file, desk));
  return desk.files.get(key);
}

function drawFile(file, desk) {
  const kind = file.content_type ?? '';
  if (/^image\/(png|jpe?g|gif|webp)/.test(kind) || /\.(png|jpe?g|gif|webp)$/i.test(file.filename)) {
    return picture(file.url, file.description ?? file.filename, 'attachment-picture');
  }
  const readable = (kind.startsWith('text/') || TEXT_NAME.test(file.filename)) && file.size <= MOST_SHOWN;
  return readable ? textFile(file, desk) : plainFile(file);
}

function plainFile(file) {
  return h(
    'div.file',
    {},
    icon('file'),
    h('div.file-words', {}, h('span.file-name', { text: file.filename }), h('small', { text: sizeOf(file.size) })),
    downloadLink(file),
  );
}

function downloadLink(file) {
  const href = safeUrl(file.url);
  if (!href) return null;
  const label = `Download ${file.filename}`;
  return h('a.icon-button', { href, download: file.filename, title: label, 'aria-label': label }, icon('download'));
}

/** A few lines at once; all of them on demand, here or over the whole window. */
function textFile(file, desk) {
  const body = h('div.file-text', { 'aria-busy': 'true' }, h('span.faint', { text: 'Loading…' }));
  const expand = h('button.file-expand', {
    type: 'button',
    'aria-expanded': 'false',
    data: { key: `expand-${file.id}` },
  });
  const whole = iconButton('expand', `Open ${file.filename}`, () => {}, { data: { key: `open-${file.id}` } });
  const bar = h(
    'div.file-bar',
    {},
    expand,
    h('span.file-name', { text: file.filename }),
    h('small', { text: sizeOf(file.size) }),
    whole,
    downloadLink(file),
  );
  const card = h('div.text-file', { role: 'group', 'aria-label': file.filename }, body, bar);
  void load();
  return card;

  async function load() {
    const text = await readText(file.url);
    body.removeAttribute('aria-busy');
    if (text === null) {
      body.replaceChildren(h('span.faint', { text: 'This file cannot be read.' }));
      return;
    }
    whole.addEventListener('click', () => openReader(file, text));
    expand.addEventListener('click', () => {
      desk.beforeGrowth();
      show(text, !card.classList.contains('open'));
    });
    show(text, false);
  }

  function show(text, open) {
    const lines = text.replace(/\n$/, '').split('\n').length;
    card.classList.toggle('open', open);
    expand.setAttribute('aria-expanded', String(open));
    expand.replaceChildren(icon('down'), open ? 'Collapse' : `Expand (${lines} ${lines === 1 ? 'line' : 'lines'})`);
    expand.hidden = !open && lines <= PREVIEW_LINES;
    body.replaceChildren(open && isDiff(file) ? renderDiff(text) : preview(file, text, open));
  }
}

function preview(file, text, open) {
  const part = open ? text : text.split('\n').slice(0, PREVIEW_LINES).join('\n');
  return h('pre', { tabindex: 0 }, h('code', {}, colourCode(part, extension(file))));
}

/** Whether this file is a unified diff. */
export const isDiff = (file) => /\.(diff|patch)$/i.test(file.filename);

/** A file name's ending, which says its language. */
export const extension = (file) => file.filename.split('.').at(-1) ?? '';

async function readText(url) {
  const href = safeUrl(url);
  if (!href) return null;
  try {
    const response = await fetch(href, { credentials: 'omit' });
    return response.ok ? await response.text() : null;
  } catch {
    return null;
  }
}

/** "734 bytes", "12.4 KB" */
export function sizeOf(bytes) {
  if (!bytes) return '';
  if (bytes < 1024) return `${bytes} bytes`;
  if (bytes < 1024 * 1024) return `${(bytes / 1024).toFixed(1)} KB`;
  return `${(bytes / 1024 / 1024).toFixed(1)} MB`;
}
