// @ts-check
/** Local times, zones and periods: what the form shows before it asks the server, which alone decides. */
import { AOE, clocks, span } from '../lib/moments.js';
import { t } from '../lib/words.js';

/** All zones that a browser knows. */
export const ZONES = ['UTC', ...(Intl.supportedValuesOf?.('timeZone') ?? []).filter((zone) => zone !== 'UTC')];

/** @type {Map<string, Intl.DateTimeFormat | null>} */
const formats = new Map();

/** @param {string} zone */
function format(zone) {
  if (!formats.has(zone)) {
    try {
      const numeric = /** @type {const} */ ('numeric');
      formats.set(zone, new Intl.DateTimeFormat('en-US', { timeZone: zone === AOE ? 'Etc/GMT+12' : zone, hourCycle: 'h23', year: numeric, month: numeric, day: numeric, hour: numeric, minute: numeric, second: numeric }));
    } catch {
      formats.set(zone, null);
    }
  }
  return formats.get(zone) ?? null;
}

/** The zone that a text means: its name in any case, or the place in it. @param {string} text */
export function zoneOf(text) {
  const wish = text.trim().replaceAll(' ', '_').toLowerCase();
  if (wish.split(/[_–-]/)[0] === 'aoe') return AOE;
  const named = ZONES.find((zone) => zone.toLowerCase() === wish) ?? ZONES.find((zone) => zone.toLowerCase().endsWith(`/${wish}`));
  return named ?? (wish && format(text.trim()) ? text.trim() : null);
}

/** What clocks in a zone show, in milliseconds, as if they showed UTC. @param {number} at @param {string} zone */
function shownAt(at, zone) {
  const parts = Object.fromEntries((format(zone)?.formatToParts(at) ?? []).map(({ type, value }) => [type, Number(value)]));
  return Date.UTC(parts.year, parts.month - 1, parts.day, parts.hour, parts.minute, parts.second);
}

/** What clocks in a zone show, as a form writes it. @param {Date} at @param {string} zone */
export const localIn = (at, zone) => new Date(shownAt(at.getTime(), zone)).toISOString().slice(0, 19).replace(/:00$/, '');

/** @param {string} text @returns {{time: string, offset: string}} */
export function split(text) {
  const [, time = '', offset = ''] = /^(.{16}(?::\d\d)?)([+-]\d\d:\d\d)?$/.exec(text) ?? [];
  return { time, offset };
}

/** A local time in words, with its offset if it has one. @param {string} text */
export function localWords(text) {
  const { time, offset } = split(text);
  const at = new Date(`${time}Z`);
  if (!time || Number.isNaN(at.getTime())) return text;
  return offset ? t('zone.offset', { time: clocks(at, 'UTC'), offset }) : clocks(at, 'UTC');
}

/**
 * The moment at which clocks in a zone show a time: none if it is skipped, two if it is repeated.
 * @param {string} text @param {string} zone @returns {number[]}
 */
function momentsOf(text, zone) {
  const { time, offset } = split(text);
  const wanted = Date.parse(`${time}Z`);
  if (!format(zone) || Number.isNaN(wanted)) return [];
  if (offset) return [Date.parse(`${time}${offset}`)];
  const offsets = [-86_400_000, 86_400_000].map((day) => shownAt(wanted + day, zone) - (wanted + day));
  return [...new Set(offsets.map((ahead) => wanted - ahead))].filter((at) => shownAt(at, zone) === wanted).sort((a, b) => a - b);
}

/** @param {string} text @param {string} zone @returns {{at: Date} | {ambiguous: 'skipped' | 'repeated'} | null} */
export function resolve(text, zone) {
  if (!split(text).time || !format(zone)) return null;
  const found = momentsOf(text, zone);
  if (found.length === 1) return Number.isNaN(found[0]) ? null : { at: new Date(found[0]) };
  return { ambiguous: found.length ? 'repeated' : 'skipped' };
}

/** A period has one unit here; others are shown, and not changed. @param {string} period @returns {{count: number, unit: string} | null} */
export function simple(period) {
  const [, , count, unit] = /^P(T?)(\d+)([WDHM])$/.exec(period) ?? [];
  return count ? { count: Number(count), unit } : null;
}

/** @param {number} count @param {string} unit */
export const period = (count, unit) => `P${'HM'.includes(unit) ? 'T' : ''}${count}${unit}`;

/** @param {string} text Of a period. */
function amounts(text) {
  const found = /^P(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?)?$/.exec(text);
  const [weeks, days, hours, minutes] = (found ?? []).slice(1).map((one) => Number(one ?? 0));
  return found && { days: (7 * weeks + days) * 86_400_000, rest: (60 * hours + minutes) * 60_000 };
}

/** A period in words. @param {string} text */
export function periodWords(text) {
  const found = amounts(text);
  return found ? span(found.days + found.rest) : text;
}

/** The moment so long before another. A day is one of the calendar. @param {Date} close @param {string} text @param {string} zone */
export function before(close, text, zone) {
  const found = amounts(text);
  if (!found || !format(zone)) return null;
  const shown = shownAt(close.getTime(), zone) - found.days;
  const at = found.days ? momentsOf(new Date(shown).toISOString().slice(0, 19), zone)[0] ?? close.getTime() - found.days : close.getTime();
  return new Date(at - found.rest);
}
