/** One's own message being changed, in its row. */
import { h } from './dom.js';

/**
 * @param {string} id of the message
 * @param {string} text what it says now, as people type it
 * @param {{onSave: (text: string) => Promise<boolean>, onCancel: () => void}} around `onSave`
 *   answers false when it was refused: then the person goes on writing
 * @returns {HTMLElement}
 */
export function messageEditor(id, text, { onSave, onCancel }) {
  const box = h('textarea.editor-text', { rows: 1, 'aria-label': 'Edit message', data: { key: `edit-${id}` } });
  box.value = text;
  const save = async () => {
    box.readOnly = true;
    box.readOnly = !(await onSave(box.value.trim()));
  };
  const fit = () => {
    box.style.height = 'auto';
    box.style.height = `${box.scrollHeight}px`;
  };
  box.addEventListener('input', fit);
  box.addEventListener('focus', fit);
  box.addEventListener('keydown', (event) => {
    if (event.isComposing) return;
    const run = event.key === 'Escape' ? onCancel : event.key === 'Enter' && !event.shiftKey ? save : null;
    if (!run) return;
    event.preventDefault();
    event.stopPropagation();
    void run();
  });
  const way = (words, run) => h('button.text-button', { type: 'button', text: words, on: { click: run } });
  return h(
    'div.editor',
    {},
    box,
    h('div.editor-ways', {}, 'Escape to ', way('cancel', onCancel), ' · Enter to ', way('save', save)),
  );
}

/** What a person would type for a message: mentions by name. Channels stay as they are. */
export function typedText(content, names) {
  return content.replace(/<@(!|&)?(\d{1,20})>/g, (all, sign, id) => {
    const name = sign === '&' ? names.role(id) : names.user(id);
    return name ? `@${name}` : all;
  });
}
