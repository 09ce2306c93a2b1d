/** Embeds: a card with a colour at its side. */
import { h, link } from './dom.js';
import { renderInline, renderMarkdown } from './markdown.js';
import { picture, resolveMedia } from './attachments.js';
import { fullTime, messageTime } from './times.js';

/**
 * @param {object} embed Discord's
 * @param {object} message
 * @param {import('./message.js').Desk} desk
 */
export function renderEmbed(embed, message, desk) {
  const { names } = desk;
  const card = h('article.embed', { 'aria-label': embed.title ?? 'Embed' });
  if (embed.color !== null && embed.color !== undefined) colourBar(card, embed.color);
  const thumbnail = resolveMedia(embed.thumbnail?.url, message);
  card.append(
    h(
      'div.embed-words',
      {},
      renderAuthor(embed.author),
      embed.title && h('div.embed-title', {}, titleOf(embed, names)),
      embed.description && renderMarkdown(embed.description, names),
      renderFields(embed.fields ?? [], names),
    ),
  );
  if (thumbnail) card.append(picture(thumbnail, '', 'embed-thumbnail'));
  const image = resolveMedia(embed.image?.url, message);
  if (image) card.append(picture(image, embed.image.description ?? '', 'embed-image'));
  const footer = renderFooter(embed);
  if (footer) card.append(footer);
  return card;
}

/** Give a card its colour, a number as Discord sends it. */
export function colourBar(card, colour) {
  card.style.setProperty('--bar', `#${(Number(colour) & 0xffffff).toString(16).padStart(6, '0')}`);
}

const titleOf = (embed, names) =>
  embed.url ? link(embed.url, {}, renderInline(embed.title, names)) : renderInline(embed.title, names);

function renderAuthor(author) {
  if (!author?.name) return null;
  const name = author.url ? link(author.url, {}, author.name) : author.name;
  return h('div.embed-author', {}, name);
}

/** Fields side by side come in threes, as at Discord's; the widths are in the style sheet. */
function renderFields(fields, names) {
  if (!fields.length) return null;
  const nodes = fields.map((field) =>
    h(
      field.inline ? 'div.embed-field.inline' : 'div.embed-field',
      {},
      h('div.embed-field-name', {}, renderInline(field.name, names)),
      renderMarkdown(field.value, names),
    ),
  );
  return h('div.embed-fields', {}, nodes);
}

function renderFooter(embed) {
  if (!embed.footer?.text && !embed.timestamp) return null;
  const at = embed.timestamp ? Date.parse(embed.timestamp) : NaN;
  const time = Number.isNaN(at)
    ? null
    : h('time', { datetime: embed.timestamp, title: fullTime(at), text: messageTime(at) });
  const dot = embed.footer?.text && time ? ' • ' : null;
  return h('footer.embed-footer', {}, embed.footer?.text, dot, time);
}
