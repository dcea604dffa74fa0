// @ts-check
/** The large view: one photograph, or two beside each other, with zoom, pan, swipe and keys. */
import { html, useEffect, useRef, useState } from '../lib/html.js';
import { Picture, altOf } from '../lib/parts.js';
import { t } from '../lib/words.js';
import { Clear, Rating } from './rating.js';

/** How far a finger moves until it is a swipe, in pixels. */
const SWIPE = 50;
const MOST = 6;

/**
 * @param {{candidates: import('./ballot.js').Candidate[], at: number, ratings: Record<string, number>,
 *   scale: {min: number, max: number}, onRate: (candidate: string, grade: number | null) => void, onGo: (at: number) => void,
 *   onClose: () => void, saved: any}} props
 */
export function Large({ candidates, at, ratings, scale, onRate, onGo, onClose, saved }) {
  const dialog = useRef(/** @type {HTMLDialogElement | null} */ (null));
  const stage = useRef(/** @type {HTMLElement | null} */ (null));
  const [beside, setBeside] = useState(/** @type {number | null} */ (null));
  const [help, setHelp] = useState(false);
  const one = candidates[at];
  const most = candidates.length - 1;

  useEffect(() => {
    dialog.current?.showModal();
    stage.current?.focus();
  }, []);

  /** @param {number} steps */
  const go = (steps) => {
    let next = at + steps;
    if (next === beside) next += steps;
    if (next >= 0 && next <= most) onGo(next);
  };
  const compare = () => {
    if (beside !== null) setBeside(null);
    else if (most > 0) {
      setBeside(at);
      onGo(at < most ? at + 1 : at - 1);
    }
  };
  const press = (/** @type {KeyboardEvent} */ event) => {
    if (event.altKey || event.ctrlKey || event.metaKey || help) return;
    const rtl = document.documentElement.dir === 'rtl';
    const grade = scale.min <= Number(event.key) && Number(event.key) <= scale.max && /^[0-9]$/.test(event.key) ? Number(event.key) : null;
    if (event.key === '0') onRate(one.id, null);
    else if (grade !== null) onRate(one.id, grade);
    else if (event.key === 'ArrowRight') go(rtl ? -1 : 1);
    else if (event.key === 'ArrowLeft') go(rtl ? 1 : -1);
    else if (event.key === 'Home') onGo(0);
    else if (event.key === 'End') onGo(most);
    else if (event.key.toLowerCase() === 'c') compare();
    else if (event.key === '?') setHelp(true);
    else return;
    event.preventDefault();
  };
  const cancel = (/** @type {Event} */ event) => {
    event.preventDefault();
    if (help) setHelp(false);
    else if (beside !== null) setBeside(null);
    else onClose();
  };
  const toStage = () => stage.current?.focus();
  const control = (/** @type {import('./ballot.js').Candidate} */ candidate) => html`<div class="rating" key=${candidate.id}>
    <${Rating} name=${candidate.name} scale=${scale} grade=${ratings[candidate.id]} onPointed=${toStage}
      onRate=${(/** @type {number | null} */ grade) => onRate(candidate.id, grade)} />
    <${Clear} name=${candidate.name} grade=${ratings[candidate.id]} onRate=${() => onRate(candidate.id, null)} /></div>`;
  const shown = beside === null ? [one] : [candidates[beside], one];
  return html`<dialog ref=${dialog} class="large" aria-label=${t('large.label')} onCancel=${cancel} onKeyDown=${press}>
    <header>
      <p class="what"><b>${shown.map(({ name }) => name).join(' · ')}</b>
        <span class="quiet small">${t('large.place', { place: at + 1, count: candidates.length })}</span> ${saved}</p>
      <button type="button" class="icon" aria-pressed=${beside !== null} aria-label=${t('large.compare')} title=${t('large.compare')} disabled=${most < 1}
        onClick=${compare}><svg viewBox="0 0 20 20" aria-hidden="true"><path d="M2 4h7v12H2zM11 4h7v12h-7z"/></svg></button>
      <button type="button" class="icon" aria-label=${t('large.help')} title=${t('large.help')} onClick=${() => setHelp(true)}>?</button>
      <button type="button" class="icon" aria-label=${t('close')} title=${t('close')} onClick=${onClose}>
        <svg viewBox="0 0 20 20" aria-hidden="true"><path d="M4 4l12 12M16 4L4 16"/></svg></button>
    </header>
    <div class="stages" data-two=${beside !== null} ref=${stage} tabindex="-1">
      ${shown.map((candidate) => html`<div class="half" key=${beside === null ? candidate.id : `${candidate.id}-2`}>
        <${Stage} candidate=${candidate} onSwipe=${beside === null ? go : null} />
        ${beside !== null && control(candidate)}
      </div>`)}
    </div>
    <div hidden>${/* The neighbours are there before they are asked for. */ [candidates[at + 1], candidates[at - 1]].map((near) => near?.image && html`<${Picture} key=${near.id} image=${near.image} alt="" lazy=${false} />`)}</div>
    <footer>
      <button type="button" class="icon" aria-label=${t('large.previous')} title=${t('large.previous')} disabled=${at === 0} onClick=${() => go(-1)}>
        <svg class="flip" viewBox="0 0 20 20" aria-hidden="true"><path d="M13 3l-7 7 7 7"/></svg></button>
      ${beside === null ? control(one) : html`<p class="quiet small grow">${t('large.comparing')}</p>`}
      <button type="button" class="icon" aria-label=${t('large.next')} title=${t('large.next')} disabled=${at === most} onClick=${() => go(1)}>
        <svg class="flip" viewBox="0 0 20 20" aria-hidden="true"><path d="M7 3l7 7-7 7"/></svg></button>
    </footer>
    <p class="unseen" aria-live="polite">${t('large.now', { name: one.name, place: at + 1, count: candidates.length, rating: ratings[one.id] === undefined ? t('rate.none') : t('rate.is', { grade: ratings[one.id], max: scale.max }) })}</p>
    ${help && html`<${Help} onClose=${() => setHelp(false)} />`}
  </dialog>`;
}

/** @param {{onClose: () => void}} props */
function Help({ onClose }) {
  const rows = [['← →', 'help.move'], ['1 2 3 …', 'help.rate'], ['0', 'help.clear'], ['C', 'help.compare'], ['?', 'help.help'], ['Esc', 'help.close']];
  const close = useRef(/** @type {HTMLElement | null} */ (null));
  useEffect(() => close.current?.focus(), []);
  return html`<section class="help" role="dialog" aria-label=${t('large.help')}>
    <dl>${rows.map(([key, words]) => html`<dt><kbd>${key}</kbd></dt><dd>${t(words)}</dd>`)}</dl>
    <p class="small quiet">${t('help.touch')}</p>
    <button type="button" class="button" ref=${close} onClick=${onClose}>${t('close')}</button>
  </section>`;
}

/**
 * A photograph that can be zoomed and moved: by wheel, two fingers, a double tap, and dragging.
 * @param {{candidate: import('./ballot.js').Candidate, onSwipe: ((steps: number) => void) | null}} props
 */
function Stage({ candidate, onSwipe }) {
  const box = useRef(/** @type {HTMLElement | null} */ (null));
  const hand = useRef({ zoom: 1, x: 0, y: 0, fingers: new Map(), start: { x: 0, y: 0, distance: 0, zoom: 1 }, tapped: 0, moved: false });

  const draw = () => {
    const { current } = box;
    const image = current?.querySelector('img');
    if (!current || !image) return;
    const it = hand.current;
    it.zoom = Math.min(MOST, Math.max(1, it.zoom));
    const rest = (/** @type {number} */ size) => ((it.zoom - 1) * size) / 2;
    it.x = Math.min(rest(current.clientWidth), Math.max(-rest(current.clientWidth), it.x));
    it.y = Math.min(rest(current.clientHeight), Math.max(-rest(current.clientHeight), it.y));
    image.style.transform = it.zoom === 1 ? '' : `translate(${it.x}px, ${it.y}px) scale(${it.zoom})`;
    current.dataset.zoomed = String(it.zoom > 1);
    // Who looks closely sees the largest rendition.
    if (it.zoom > 1) for (const each of current.querySelectorAll('[sizes]')) each.setAttribute('sizes', '9999px');
  };
  /** Zooms so that the point under the hand stays there. @param {number} zoom @param {{clientX: number, clientY: number}} point */
  const zoomTo = (zoom, { clientX, clientY }) => {
    const it = hand.current;
    const rect = /** @type {HTMLElement} */ (box.current).getBoundingClientRect();
    const x = clientX - rect.left - rect.width / 2;
    const y = clientY - rect.top - rect.height / 2;
    const next = Math.min(MOST, Math.max(1, zoom));
    it.x = x - ((x - it.x) * next) / it.zoom;
    it.y = y - ((y - it.y) * next) / it.zoom;
    it.zoom = next;
    draw();
  };
  useEffect(() => {
    const { current } = box;
    const wheel = (/** @type {WheelEvent} */ event) => {
      event.preventDefault();
      zoomTo(hand.current.zoom * Math.exp(-event.deltaY / 300), event);
    };
    current?.addEventListener('wheel', wheel, { passive: false });
    return () => current?.removeEventListener('wheel', wheel);
  }, []);
  useEffect(() => {
    Object.assign(hand.current, { zoom: 1, x: 0, y: 0 });
    draw();
  }, [candidate.id]);

  const middle = () => {
    const points = [...hand.current.fingers.values()];
    const x = points.reduce((sum, point) => sum + point.x, 0) / points.length;
    const y = points.reduce((sum, point) => sum + point.y, 0) / points.length;
    const distance = points.length > 1 ? Math.hypot(points[0].x - points[1].x, points[0].y - points[1].y) : 0;
    return { x, y, distance };
  };
  const begin = () => {
    hand.current.start = { ...middle(), zoom: hand.current.zoom };
  };
  const down = (/** @type {PointerEvent} */ event) => {
    const it = hand.current;
    box.current?.setPointerCapture(event.pointerId);
    if (!it.fingers.size) it.moved = false;
    it.fingers.set(event.pointerId, { x: event.clientX, y: event.clientY, from: event.clientX, top: event.clientY });
    begin();
  };
  const move = (/** @type {PointerEvent} */ event) => {
    const it = hand.current;
    const finger = it.fingers.get(event.pointerId);
    if (!finger) return;
    Object.assign(finger, { x: event.clientX, y: event.clientY });
    if (Math.hypot(finger.x - finger.from, finger.y - finger.top) > 8) it.moved = true;
    const { x, y, distance } = middle();
    if (distance && it.start.distance) zoomTo((it.start.zoom * distance) / it.start.distance, { clientX: x, clientY: y });
    if (it.zoom > 1) {
      it.x += x - it.start.x;
      it.y += y - it.start.y;
      it.start.x = x;
      it.start.y = y;
      draw();
    }
  };
  const up = (/** @type {PointerEvent} */ event) => {
    const it = hand.current;
    const finger = it.fingers.get(event.pointerId);
    const single = it.fingers.size === 1;
    it.fingers.delete(event.pointerId);
    if (it.fingers.size) begin();
    if (!finger || !single || event.type === 'pointercancel') return;
    const across = finger.x - finger.from;
    if (it.zoom === 1 && onSwipe && Math.abs(across) > SWIPE && Math.abs(across) > 2 * Math.abs(finger.y - finger.top)) {
      const rtl = document.documentElement.dir === 'rtl';
      onSwipe(across < 0 === rtl ? -1 : 1);
    } else if (!it.moved) {
      const time = event.timeStamp;
      if (time - it.tapped < 350) {
        zoomTo(it.zoom > 1 ? 1 : 2.5, event);
        it.tapped = 0;
      } else it.tapped = time;
    }
  };
  return html`<div class="stage" ref=${box} onPointerDown=${down} onPointerMove=${move} onPointerUp=${up} onPointerCancel=${up}>
    <${Picture} key=${candidate.id} image=${candidate.image} alt=${altOf(candidate)} lazy=${false} plain />
  </div>`;
}
