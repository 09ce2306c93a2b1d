/** The address after `#`: `#/<channel or thread>` or `#/<channel or thread>/<message>`. */

const JUMP = /^https:\/\/(?:\w+\.)?discord(?:app)?\.com\/channels\/(?:\d+|@me)\/(\d+)(?:\/(\d+))?\/?$/;

/**
 * @typedef {{channel: string, message?: string}} Place
 */

/** The place a Discord address names, or null for any other address. */
export function placeOfUrl(url) {
  const match = JUMP.exec(url ?? '');
  return match ? { channel: match[1], message: match[2] } : null;
}

/** Where the page's own address points; channels may also be named ("#/dev"). */
export function readPlace(store, hash = location.hash) {
  const [wanted, message] = decode(hash).replace(/^#\/?/, '').split('/');
  const channel =
    store.channels.get(wanted) ?? [...store.channels.values()].find((one) => one.name === wanted && store.visible(one));
  return channel && store.visible(channel) ? { channel: channel.id, message } : null;
}

function decode(hash) {
  try {
    return decodeURIComponent(hash);
  } catch {
    return '';
  }
}

/** Go somewhere; a message in the place is pointed at. Listeners hear `hashchange`. */
export function go(place) {
  const hash = `#/${place.channel}${place.message ? `/${place.message}` : ''}`;
  if (location.hash === hash) dispatchEvent(new HashChangeEvent('hashchange'));
  else location.hash = hash;
}
