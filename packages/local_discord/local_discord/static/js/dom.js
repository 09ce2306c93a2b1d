/**
 * Building DOM nodes. Content from messages only ever becomes text nodes and a short list of known
 * attributes, so nothing a person or a bot writes can become markup.
 */

const LOOPBACK = ['127.0.0.1', 'localhost', '[::1]'];
const SVG = 'http://www.w3.org/2000/svg';

/**
 * Make an element. Strings and numbers among the children become text nodes; null and false are
 * left out. `on` maps event names to listeners, `data` fills the dataset.
 * @param {string} tag "div", or "div.one.two" with classes
 * @param {Record<string, any>} [props] attributes, plus `on`, `data` and `text`
 * @param {...(Node|string|number|null|false|undefined|Array<any>)} children
 * @returns {HTMLElement}
 */
export function h(tag, props = {}, ...children) {
  const [name, ...classes] = tag.split('.');
  const node = document.createElement(name);
  if (classes.length) node.className = classes.join(' ');
  for (const [key, value] of Object.entries(props)) setProp(node, key, value);
  append(node, children);
  return node;
}

function setProp(node, key, value) {
  if (value === null || value === undefined || value === false) return;
  if (key === 'on') {
    for (const [event, listener] of Object.entries(value)) node.addEventListener(event, listener);
  } else if (key === 'data') {
    Object.assign(node.dataset, value);
  } else if (key === 'text') {
    node.textContent = value;
  } else {
    node.setAttribute(key, value === true ? '' : String(value));
  }
}

/** Append children as {@link h} does. */
export function append(node, children) {
  for (const child of children.flat(Infinity)) {
    if (child === null || child === undefined || child === false) continue;
    node.append(child instanceof Node ? child : String(child));
  }
  return node;
}

/** Replace all children of a node. */
export function fill(node, ...children) {
  node.replaceChildren();
  return append(node, children);
}

/**
 * The address if it is safe to follow or load, else null: http and https, or a path of this server.
 * @param {unknown} address
 * @returns {string|null}
 */
export function safeUrl(address) {
  if (typeof address !== 'string' || !address) return null;
  try {
    const url = new URL(address, document.baseURI);
    if (url.protocol !== 'http:' && url.protocol !== 'https:') return null;
    return isThisServer(url) ? location.origin + url.pathname + url.search + url.hash : url.href;
  } catch {
    return null;
  }
}

/** This server has several names; a file is only ours to read under the one the page was opened by. */
function isThisServer(url) {
  return url.port === location.port && LOOPBACK.includes(url.hostname) && LOOPBACK.includes(location.hostname);
}

/** A link that opens a new tab and tells the other side nothing; plain text when unsafe. */
export function link(address, props = {}, ...children) {
  const href = safeUrl(address);
  if (!href) return h('span', {}, ...children);
  const outside = { href, target: '_blank', rel: 'noopener noreferrer nofollow', ...props };
  return h('a', outside, ...children);
}

const ICONS = {
  hash: 'M9.5 3 8 21M16 3l-1.5 18M4 8.5h17M3 15.5h17',
  thread: 'M5 4v9a3 3 0 0 0 3 3h11M15 12l4 4-4 4',
  at: 'M16 12a4 4 0 1 1-8 0 4 4 0 0 1 8 0Zm0 0v1.5a2.5 2.5 0 0 0 5 0V12a9 9 0 1 0-4 7.500',
  reply: 'M10 6 4 12l6 6M4 12h9a7 7 0 0 1 7 7',
  smile: 'M21 12a9 9 0 1 1-18 0 9 9 0 0 1 18 0ZM8.5 14.5a4.2 4.2 0 0 0 7 0M9 9.5h.01M15 9.5h.01',
  more: 'M5 12h.01M12 12h.01M19 12h.01',
  close: 'M6 6l12 12M18 6 6 18',
  menu: 'M4 6h16M4 12h16M4 18h16',
  down: 'M6 9l6 6 6-6',
  download: 'M12 4v11M7 11l5 5 5-5M4 20h16',
  expand: 'M14 4h6v6M20 4l-7 7M10 20H4v-6M4 20l7-7',
  file: 'M6 3h8l4 4v14H6ZM14 3v4h4',
  plus: 'M12 5v14M5 12h14',
  send: 'M4 12 20 4l-4 16-4.5-6.500ZM20 4 11.5 13.500',
  eye: 'M2.5 12S6 5.5 12 5.5 21.5 12 21.5 12 18 18.5 12 18.5 2.5 12 2.5 12ZM15 12a3 3 0 1 1-6 0 3 3 0 0 1 6 0Z',
  apps: 'M4 4h6v6H4ZM14 4h6v6h-6ZM4 14h6v6H4ZM17 14v6M14 17h6',
  edit: 'M4 20l1-5L16.500 3.500l4 4L9 19ZM14 6l4 4',
  trash: 'M5 7h14M10 7V4h4v3M7 7l1 13h8l1-13',
  copy: 'M9 9h11v11H9ZM5 15H4V4h11v1',
  shield: 'M12 3l7 3v5c0 5-3 8-7 10-4-2-7-5-7-10V6ZM9 12l2 2 4-4.500',
  out: 'M14 4h6v6M20 4l-9 9M18 14v6H4V6h6',
};

/**
 * A line icon. It says nothing to screen readers: label the button around it.
 * @param {keyof typeof ICONS} name
 */
export function icon(name) {
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('viewBox', '0 0 24 24');
  svg.setAttribute('class', `icon icon-${name}`);
  svg.setAttribute('aria-hidden', 'true');
  const path = document.createElementNS(SVG, 'path');
  path.setAttribute('d', ICONS[name]);
  svg.append(path);
  return svg;
}

/** A button that shows only an icon, with a label for pointer and screen reader. */
export function iconButton(name, label, onClick, props = {}) {
  const on = { click: onClick };
  return h('button.icon-button', { type: 'button', title: label, 'aria-label': label, on, ...props }, icon(name));
}

/**
 * Change a part of the page without losing the keyboard's place: whatever had the focus there is
 * found again by its `data-key`.
 * @param {() => Element} change rebuilds the part and answers its root
 */
export function keepFocus(root, change) {
  const held = root?.contains(document.activeElement) ? document.activeElement.dataset?.key : null;
  const fresh = change();
  if (!held) return fresh;
  const found = fresh.dataset.key === held ? fresh : fresh.querySelector(`[data-key="${CSS.escape(held)}"]`);
  found?.focus({ preventScroll: true });
  return fresh;
}
