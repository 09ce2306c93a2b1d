/** Components V2: text, sections, containers, separators, pictures and files in a message's layout. */
import { h } from './dom.js';
import { renderMarkdown } from './markdown.js';
import { renderControl, renderRow } from './components.js';
import { picture, renderAttachment, resolveMedia } from './attachments.js';
import { colourBar } from './embeds.js';

const RENDER = {
  1: (part, message, desk) => renderRow(part, message, desk),
  9: section,
  10: (part, message, desk) => renderMarkdown(part.content ?? '', desk.names),
  11: (part, message) => media(part, message, 'thumbnail'),
  12: (part, message) =>
    h(
      'div.gallery',
      {},
      (part.items ?? []).map((item) => media(item, message, 'gallery-item')),
    ),
  13: file,
  14: (part) => h(`hr.separator${part.divider === false ? '.no-line' : ''}${part.spacing === 2 ? '.large' : ''}`),
  17: container,
};

/**
 * All parts of a message sent with Components V2.
 * @param {Array<object>} parts
 * @param {object} message
 * @param {import('./message.js').Desk} desk
 */
export function renderLayout(parts, message, desk) {
  return h(
    'div.layout',
    {},
    parts.map((part) => renderPart(part, message, desk)),
  );
}

function renderPart(part, message, desk) {
  if (Object.hasOwn(RENDER, part.type)) return RENDER[part.type](part, message, desk);
  return renderControl(part, message, desk);
}

function section(part, message, desk) {
  const words = (part.components ?? []).map((child) => renderPart(child, message, desk));
  const beside = part.accessory ? renderPart(part.accessory, message, desk) : null;
  return h('div.section', {}, h('div.section-words', {}, words), beside);
}

function container(part, message, desk) {
  const inside = (part.components ?? []).map((child) => renderPart(child, message, desk));
  const box = h('div.container', {}, inside);
  if (part.accent_color !== null && part.accent_color !== undefined) colourBar(box, part.accent_color);
  return box;
}

function media(item, message, kind) {
  return picture(resolveMedia(item.media?.url, message), item.description ?? '', kind);
}

function file(part, message, desk) {
  const url = resolveMedia(part.file?.url, message);
  const known = (message.attachments ?? []).find((attachment) => attachment.url === url);
  const name = part.name ?? url?.split('/').at(-1) ?? 'file';
  return renderAttachment(known ?? { id: url, filename: name, url, size: part.size ?? 0 }, desk);
}
