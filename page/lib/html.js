// @ts-check
/** Preact and htm, put together: `html` makes elements of a template. */
import * as preact from '../vendor/preact.js';
import * as hooks from '../vendor/hooks.js';
import htm from '../vendor/htm.js';

export const html = /** @type {(strings: TemplateStringsArray, ...values: any[]) => any} */ (htm.bind(preact.h));
export const render = /** @type {(element: any, parent: Element) => void} */ (preact.render);
const Component = /** @type {new (props: any) => {props: any}} */ (/** @type {unknown} */ (preact.Component));

/**
 * A component that is drawn again only if a property has changed. Functions do not count: they must do the same whenever they were made.
 * @template P @param {(props: P) => any} view
 */
export function steady(view) {
  return class extends Component {
    /** @param {any} next */
    shouldComponentUpdate(next) {
      return Object.keys(next).some((name) => typeof next[name] !== 'function' && next[name] !== this.props[name]);
    }

    /** @param {any} props */
    render(props) {
      return preact.h(/** @type {any} */ (view), props);
    }
  };
}

/** @type {<T>(start: T | (() => T)) => [T, (next: T | ((before: T) => T)) => void]} */
export const useState = hooks.useState;
/** @type {<T>(start: T) => {current: T}} */
export const useRef = hooks.useRef;
/** @type {<T>(make: () => T, inputs: any[]) => T} */
export const useMemo = hooks.useMemo;
/** @type {(effect: () => void | (() => void), inputs: any[]) => void} */
export const useEffect = hooks.useEffect;
