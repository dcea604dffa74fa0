// @ts-check
/** Moments as clocks show them in the election's zone and in the reader's, and count-downs by the server's clock. */
import { now } from './api.js';
import { html, useEffect, useState } from './html.js';
import { locale, number, t } from './words.js';

/** "Anywhere on Earth", which browsers know by another name. */
export const AOE = 'AoE';
/** The reader's zone. */
export const MINE = Intl.DateTimeFormat().resolvedOptions().timeZone || 'UTC';

const DAY = /** @type {const} */ ({ weekday: 'long', day: 'numeric', month: 'long', year: 'numeric', hour: 'numeric', minute: '2-digit' });

/** @param {string} zone @param {Intl.DateTimeFormatOptions} options @returns {Intl.DateTimeFormat | null} Nothing if this browser does not know the zone. */
function format(zone, options) {
  try {
    return new Intl.DateTimeFormat(locale, { ...options, timeZone: zone === AOE ? 'Etc/GMT+12' : zone });
  } catch {
    return null;
  }
}

/** What clocks in a zone show. @param {Date} at @param {string} [zone] */
export function clocks(at, zone = MINE) {
  const second = at.getTime() % 60_000 >= 1_000 ? /** @type {const} */ ({ second: '2-digit' }) : {};
  const found = format(zone, { ...DAY, ...second });
  return found ? found.format(at) : clocks(at, 'UTC');
}

/** A zone as people call it, and its name. @param {string} zone @param {Date} at */
export function zoneWords(zone, at) {
  if (zone === AOE) return t('zone.aoe');
  const name = format(zone, { timeZoneName: 'long' })?.formatToParts(at).find(({ type }) => type === 'timeZoneName')?.value ?? zone;
  return name === zone ? zone : t('zone.named', { name, zone });
}

/**
 * A moment in the election's zone, and in the reader's if clocks show another time there.
 * @param {{at: Date, zone?: string | null, shown?: string, brief?: boolean}} props `shown` is what clocks in the election's zone show, if that is
 *   known. Where it is `brief`, the zone has its name alone.
 */
export function Moment({ at, zone, shown, brief = false }) {
  const there = zone && (shown || format(zone, {})) ? zone : zone ? 'UTC' : MINE;
  const theirs = shown ?? clocks(at, there);
  const mine = clocks(at);
  const both = zone !== MINE && theirs !== mine;
  return html`<span class="moment"><time datetime=${at.toISOString()}>${theirs}</time>${' '}
    <span class="small quiet ${brief ? '' : 'long'}">${brief && there !== AOE ? there : zoneWords(there, at)}</span>
    ${both && html`<span class="small mine">${t('zone.yours', { time: mine, zone: MINE })}</span>`}</span>`;
}

const UNITS = /** @type {const} */ ([['day', 86_400], ['hour', 3_600], ['minute', 60], ['second', 1]]);

/** How long something takes: the two largest units. @param {number} milliseconds */
export function span(milliseconds) {
  let seconds = Math.max(0, Math.ceil(milliseconds / 1_000));
  const parts = UNITS.map(([unit, size]) => {
    const count = Math.floor(seconds / size);
    seconds -= count * size;
    return { unit, count };
  });
  const first = parts.findIndex(({ count }) => count > 0);
  const said = first < 0 ? parts.slice(-1) : parts.slice(first, first + 2).filter(({ count }) => count > 0);
  return new Intl.ListFormat(locale, { type: 'unit', style: 'short' }).format(said.map(({ unit, count }) => number(count, { style: 'unit', unit, unitDisplay: 'long' })));
}

/** Draws a part again each second, because it depends on the time. */
export function useSeconds() {
  const [, tick] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => tick((n) => n + 1), 1_000);
    return () => clearInterval(timer);
  }, []);
}

/**
 * Counts down to a moment. It is not read out each second.
 * @param {{to: Date, say: (time: string) => string, after?: string}} props `after` is said when the moment has come.
 */
export function Countdown({ to, say, after }) {
  useSeconds();
  const left = to.getTime() - now();
  return html`<span class="countdown" role="timer">${left > 0 || !after ? say(span(left)) : after}</span>`;
}
