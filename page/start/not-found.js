// @ts-check
import { html, render } from '../lib/html.js';
import { Message } from '../lib/parts.js';
import { t } from '../lib/words.js';

render(html`<${Message} title=${t('not_found')}><p>${t('not_found.do')}</p><p><a class="button next" href="/">${t('start')}</a></p><//>`,
  /** @type {HTMLElement} */ (document.getElementById('page')));
