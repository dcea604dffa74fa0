// @ts-check
/** The audit trail in words: who did what, and when; and a check of its hash chain. */
import { html, useEffect, useState } from '../lib/html.js';
import { Copy, download } from '../lib/parts.js';
import { clocks } from '../lib/moments.js';
import { exactly, has, t } from '../lib/words.js';
import { checkTrail } from './chain.js';
import { all } from './work.js';

/** @param {import('./photographs.js').PartProps} props */
export function Trail({ election }) {
  const [entries, setEntries] = useState(/** @type {any[] | null} */ (null));
  const [whole, setWhole] = useState(false);
  const [verdict, setVerdict] = useState(/** @type {any} */ (null));
  useEffect(() => {
    all(`/elections/${election.id}/audit`, setEntries).then(({ answer }) => setWhole(answer.ok));
  }, [election.id, election.version]);
  if (!entries) return html`<p role="status">${t('loading')}</p>`;
  const names = namesOf(entries);
  const commits = entries.filter(({ kind }) => kind === 'commit');
  const ballots = entries.filter(({ kind }) => kind === 'ballot');
  return html`<div class="stack wide">
    <section class="card stack"><h2>${t('trail.check')}</h2><p>${t('trail.check.what')}</p>
      <div class="buttons start"><button type="button" class="button" disabled=${!whole} onClick=${async () => setVerdict(await checkTrail(election.id, entries))}>${t('trail.check.now')}</button>
        <button type="button" class="button plain" disabled=${!whole} onClick=${() => download('trail.json', JSON.stringify(entries, null, 1), 'application/json')}>${t('trail.download')}</button></div>
      <div role="status">${verdict && (verdict.ok
        ? html`<p class="good">✓ ${t('trail.good', { count: verdict.commits })}</p>${verdict.ballots > 0 && html`<p>${t('trail.ballots', { count: verdict.ballots })}</p>`}
          <p class="small quiet">${t('trail.digest')}</p><p class="receipt small">sha256:${verdict.digest}</p><p><${Copy} text=${`sha256:${verdict.digest}`} label=${t('copy')} /></p>`
        : html`<p class="note bad">${t('trail.wrong', { where: verdict.where })}</p>`)}</div></section>
    <ol class="rows card wide trail">${commits.sort((a, b) => (whoAndWhen(b).time ?? 0) - (whoAndWhen(a).time ?? 0)).map((entry) => {
      const { actor, time } = whoAndWhen(entry);
      return html`<li key=${entry.stream + entry.version}><div class="grow">${entry.events.map((/** @type {any} */ event) => html`<p><b>${who(actor)}</b> ${sentence(event, names)}</p>`)}</div>
        <p class="small quiet"><time datetime=${time ? new Date(time).toISOString() : null}>${time ? exactly(new Date(time)) : ''}</time></p></li>`;
    })}</ol>
    ${ballots.length > 0 && html`<p class="small quiet">${t('trail.cast', { count: ballots.filter(({ cast }) => cast).length })}</p>`}
  </div>`;
}

/** @param {any} entry */
function whoAndWhen(entry) {
  return entry.unproved ?? data(entry.private);
}

/** @param {any} part */
function data(part) {
  try {
    return part.data ? JSON.parse(part.data) : {};
  } catch {
    return {};
  }
}

/** @param {any} actor */
function who(actor) {
  if (actor?.administrator) return actor.administrator;
  const kind = typeof actor === 'string' ? actor : Object.keys(actor ?? {})[0];
  return kind === 'voter' ? t('trail.voter') : kind === 'closer' ? t('trail.clock') : t('trail.system');
}

/** Names of competitions and candidates, by their ids. @param {any[]} entries */
function namesOf(entries) {
  /** @type {Record<string, string>} */
  const names = {};
  for (const entry of entries) {
    for (const event of entry.kind === 'commit' ? entry.events : []) {
      const said = data(event);
      const id = said.candidate ?? said.competition;
      if (said.name && id) names[id] = said.name;
    }
  }
  return names;
}

/** @param {any} event @param {Record<string, string>} names */
function sentence(event, names) {
  const said = data(event);
  const key = `event.${event.type}`;
  if (!has(key)) return t('event.other', { type: event.type });
  const name = said.name ?? names[said.candidate ?? said.competition] ?? said.subject ?? '';
  const role = said.role ? t(`role.${said.role}`) : '';
  const kind = said.kind && has(`mail.${said.kind}`) ? t(`mail.${said.kind}`) : '';
  const end = said.closes_at ? exactly(new Date(said.closes_at)) : '';
  const planned = (/** @type {any} */ time) => time && `${clocks(new Date(time.at), said.schedule.time_zone)} (${said.schedule.time_zone})`;
  const [opens, closes] = [planned(said.schedule?.opens_at), planned(said.schedule?.closes_at)];
  const full = said.schedule ? `${key}.${opens && closes ? 'both' : opens ? 'opens' : 'closes'}` : `${key}.${end ? 'until' : 'plain'}`;
  return t(has(full) ? full : key, { name, role, end: closes || end, opens, reason: said.reason ?? '', subject: said.subject ?? '', kind, count: said.casts ?? said.imported ?? said.removed ?? said.rows ?? 0, min: said.scale?.min ?? said.min ?? '', max: said.scale?.max ?? said.max ?? '' });
}
