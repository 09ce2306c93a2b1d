/** A question before what cannot be taken back. */
import { h } from './dom.js';

/**
 * Ask whether a message is to go; Escape and Cancel keep it.
 * @param {{content?: string}} message
 * @param {() => void} onConfirm
 */
export function confirmDelete(message, onConfirm) {
  const cancel = h('button.button.button-plain', { type: 'button', text: 'Cancel', on: { click: () => dialog.close() } });
  const go = h('button.button.button-danger', { type: 'submit', text: 'Delete' });
  const form = h(
    'form',
    { method: 'dialog', on: { submit: onConfirm } },
    h('header.modal-head', {}, h('h2', { text: 'Delete this message?' })),
    h('div.modal-fields', {}, h('p.confirm-words', { text: message.content || 'It has no words.' })),
    h('footer.modal-foot', {}, cancel, go),
  );
  const dialog = h('dialog.modal', { 'aria-label': 'Delete this message?' }, form);
  dialog.addEventListener('close', () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
  go.focus();
}
