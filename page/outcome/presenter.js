// @ts-check
/** Shows the photographs of a competition on the whole screen, from the last place to the first. A key or a press goes on. */
import { html, useEffect, useRef, useState } from '../lib/html.js';
import { Picture, altOf } from '../lib/parts.js';
import { number, t } from '../lib/words.js';

/** @param {{competition: any, pictures: Map<string, any>, onClose: () => void}} props */
export function Presenter({ competition, pictures, onClose }) {
  const dialog = useRef(/** @type {HTMLDialogElement | null} */ (null));
  const rows = [...competition.candidates].reverse();
  const [at, setAt] = useState(-1);
  useEffect(() => {
    dialog.current?.showModal();
    dialog.current?.requestFullscreen?.().catch(() => {});
    return () => {
      if (document.fullscreenElement) document.exitFullscreen().catch(() => {});
    };
  }, []);
  const go = (/** @type {number} */ steps) => setAt((now) => Math.min(rows.length - 1, Math.max(-1, now + steps)));
  const press = (/** @type {KeyboardEvent} */ event) => {
    if ([' ', 'Enter', 'ArrowRight', 'ArrowDown', 'PageDown'].includes(event.key)) go(1);
    else if (['ArrowLeft', 'ArrowUp', 'PageUp', 'Backspace'].includes(event.key)) go(-1);
    else if (event.key === 'Escape') onClose();
    else return;
    event.preventDefault();
  };
  const row = rows[at];
  const candidate = row && pictures.get(row.candidate_id);
  const next = pictures.get(rows[at + 1]?.candidate_id);
  return html`<dialog ref=${dialog} class="show" aria-label=${t('present')} onKeyDown=${press} onClick=${() => go(1)}
    onCancel=${(/** @type {Event} */ event) => { event.preventDefault(); onClose(); }}>
    ${row
      ? html`<div class="stage-only">${candidate?.image ? html`<${Picture} key=${row.candidate_id} image=${candidate.image} alt=${altOf(candidate)} lazy=${false} plain />` : html`<p class="name">${row.name}</p>`}</div>`
      : html`<div class="stage-only"><p class="name">${competition.name}</p></div>`}
    <div hidden>${next?.image && html`<${Picture} key=${next.id} image=${next.image} alt="" lazy=${false} />`}</div>
    <p aria-live="polite">${row
      ? html`<span class="place">${number(row.rank)}</span><b>${row.name}</b><span class="quiet">${number(Number(row.mean), { minimumFractionDigits: 2, maximumFractionDigits: 2 })}${row.tied ? ` · ${t('results.tied')}` : ''}</span>`
      : html`<span class="quiet">${t('present.how')}</span>`}</p>
  </dialog>`;
}
