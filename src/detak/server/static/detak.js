/* Detak in a shop's page: consent, tracking, decisions. No dependency; without an answer in time the page stays as it is.
   <script src="https://detak.example/detak.js" data-key="WRITE_KEY" data-timeout="400" async></script>
   From the shop's own site, as a copy: data-engine="https://detak.example". Never `defer`: an engine that hangs would hold the page. */
(() => {
  'use strict';
  const own = document.currentScript;
  const base = own.dataset.engine ? new URL(own.dataset.engine).origin : new URL(own.src).origin;
  const key = own.dataset.key;
  const patience = Number(own.dataset.timeout) || 400;
  const language = (own.dataset.lang || document.documentElement.lang || 'id').startsWith('en') ? 'en' : 'id';
  const PURPOSES = ['analytics', 'personalisation', 'marketing'];
  const WORDS = {
    id: {
      ask: 'Bolehkah toko ini mengingat kunjungan Anda? Anda dapat mengubahnya kapan saja.',
      analytics: 'Statistik toko', personalisation: 'Halaman dan penawaran yang sesuai dengan saya', marketing: 'Surat promosi untuk saya',
      yes: 'Boleh semua', no: 'Hanya yang perlu', some: 'Simpan pilihan', label: 'Pilihan data Anda',
    },
    en: {
      ask: 'May this shop remember your visit? You can change this at any time.',
      analytics: 'Statistics of the shop', personalisation: 'Pages and offers that fit me', marketing: 'Letters from the shop for me',
      yes: 'Allow all', no: 'Only what is needed', some: 'Save my choice', label: 'Your data, your choice',
    },
  }[language];

  const kept = (store, name, value) => {
    try {
      if (value === undefined) return store.getItem(name);
      return value === null ? store.removeItem(name) : store.setItem(name, value);
    } catch { return null; }  // storage may be shut: then nothing is remembered
  };
  const random = () => ([...crypto.getRandomValues(new Uint8Array(16))].map(one => one.toString(16).padStart(2, '0')).join(''));
  const parsed = text => { try { return JSON.parse(text); } catch { return null; } };

  let consent = parsed(kept(localStorage, 'detak_consent'));
  let user = kept(localStorage, 'detak_user');
  const allowed = purpose => Boolean(consent && consent[purpose]);
  const device = () => {  // nobody gets a number before they allow something
    if (!PURPOSES.some(allowed)) return null;
    let id = kept(localStorage, 'detak_device');
    if (!id) kept(localStorage, 'detak_device', id = random());
    return id;
  };
  const context = () => ({
    page: { path: location.pathname },
    ...(consent && { consent: { categoryPreferences: consent } }),
  });

  const post = (path, body, more = {}) =>
    fetch(base + path, { method: 'POST', body: JSON.stringify({ writeKey: key, ...body }), ...more });

  const MOST = 20;  // messages of a request: of what is to outlive the page (`keepalive`) browsers take 64 KB
  let waiting = [], timer = 0, down = false;
  const flush = () => {
    clearTimeout(timer);
    timer = 0;
    const batch = waiting.splice(0, MOST);
    if (!batch.length) return;
    const again = () => {  // the engine is down: a little is kept, as long as the page is open; sent twice, it counts once
      down = true;
      waiting = PURPOSES.some(allowed) ? [...batch, ...waiting].slice(-100) : [];
      timer = timer || setTimeout(flush, 10000);
    };
    post('/v1/batch', { batch, sentAt: new Date().toISOString() }, { keepalive: true })
      .then(answer => {
        if (answer.status === 429 || answer.status >= 500) return again();
        down = false;
        if (!timer) flush();  // what had no room
      }).catch(again);
  };
  const send = message => {
    const anonymousId = device();
    if (!anonymousId) return;
    const now = new Date().toISOString();
    waiting.push({ messageId: random(), timestamp: now, anonymousId, ...(user && { userId: user }), context: context(), ...message });
    if (waiting.length >= MOST && !down) flush();
    else timer = timer || setTimeout(flush, 1000);
  };
  const track = (event, properties = {}) => {
    const last = kept(sessionStorage, 'detak_decision');  // what happens after a click is an answer to its decision
    send({ type: 'track', event, properties: { ...(last && { decision_id: last }), ...properties } });
  };
  addEventListener('visibilitychange', () => document.visibilityState === 'hidden' && flush());
  addEventListener('pagehide', flush);

  /* Consent */
  const say = async (said) => {
    const before = device();
    const strange = Object.keys(said).filter(one => !PURPOSES.includes(one));
    if (strange.length) console.warn(`detak: no purpose ${strange.join(', ')}; there are: ${PURPOSES.join(', ')}`);
    consent = Object.fromEntries(PURPOSES.map(one => [one, Boolean(said[one])]));
    kept(localStorage, 'detak_consent', JSON.stringify(consent));
    const anonymousId = device() || before;
    if (anonymousId) {
      const body = JSON.stringify({ writeKey: key, anonymousId, purposes: consent });
      await fetch(base + '/v1/consent', { method: 'PUT', body, keepalive: true }).catch(() => {});
    }
    if (!device()) {
      waiting = [];
      kept(localStorage, 'detak_device', null);
      kept(sessionStorage, 'detak_decision', null);
    }
    document.dispatchEvent(new CustomEvent('detak:consent', { detail: { ...consent } }));
  };
  const made = (tag, text, more = {}) => Object.assign(document.createElement(tag), { textContent: text }, more);
  const banner = () => {
    document.getElementById('detak-consent')?.remove();
    const box = made('div', '', { id: 'detak-consent', role: 'region' });
    box.setAttribute('aria-label', WORDS.label);
    box.style.cssText = 'display:block;position:fixed;inset:auto 1rem 1rem;max-width:34rem;padding:1rem;background:#fff;color:#222;' +
      'border:1px solid #999;border-radius:.5rem;font:1rem/1.4 system-ui,sans-serif;z-index:2147483647';
    const boxes = PURPOSES.map(one => {
      const input = made('input', '', { type: 'checkbox', name: one, checked: allowed(one) });
      const label = made('label', '');
      label.style.cssText = 'display:block;margin:.3rem 0';
      label.append(input, ' ', WORDS[one]);
      box.append(label);
      return input;
    });
    box.prepend(made('p', WORDS.ask));
    const close = said => { box.remove(); say(said); };
    const all = yes => Object.fromEntries(PURPOSES.map(one => [one, yes]));
    for (const [name, choose] of [
      ['no', () => all(false)], ['some', () => Object.fromEntries(boxes.map(one => [one.name, one.checked]))], ['yes', () => all(true)],
    ]) {  // alike in size and colour: no choice is made for anybody
      const button = made('button', WORDS[name], { type: 'button', onclick: () => close(choose()) });
      button.dataset.detakConsent = name;
      button.style.cssText = 'margin:.5rem .5rem 0 0;padding:.4rem .8rem;font:inherit';
      box.append(button);
    }
    document.body.append(box);
  };

  /* Decisions */
  const seen = new IntersectionObserver(entries => {
    for (const { target, intersectionRatio } of entries) {
      if (intersectionRatio < 0.5) continue;
      seen.unobserve(target);
      const place = target.closest('[data-detak-placement]');
      const products = items(place).map((one, at) => ({ product_id: one.dataset.detakProduct, position: at + 1 }));
      track('Product List Viewed', { list_id: place.dataset.detakPlacement, decision_id: place.dataset.detakDecision, products });
    }
  }, { threshold: 0.5 });
  const items = place => [...place.querySelectorAll('[data-detak-product]')];
  const watch = place => items(place)[0] && seen.observe(items(place)[0]);
  document.addEventListener('click', event => {
    const item = event.target.closest?.('[data-detak-product]');
    const place = item?.closest('[data-detak-decision]');
    if (!place || event.target.closest('[data-detak-why]')) return;
    const decision_id = place.dataset.detakDecision;
    if (allowed('analytics') || allowed('personalisation')) kept(sessionStorage, 'detak_decision', decision_id);
    track('Product Clicked', { product_id: item.dataset.detakProduct, position: items(place).indexOf(item) + 1, decision_id });
  }, true);

  const within = (node, selector) => [...(node.matches(selector) ? [node] : []), ...node.querySelectorAll(selector)];
  const fill = (node, values) => {
    for (const one of within(node, '[data-detak-field]')) {
      const value = values[one.dataset.detakField];
      if (value === undefined || value === null) continue;
      if (one.tagName === 'IMG') one.src = value;
      else one.textContent = value;
    }
    const [link] = within(node, 'a[data-detak-link]');
    if (link && /^(https?:|\/)/.test(values.url || '')) link.href = values.url;
  };
  const money = price => price && new Intl.NumberFormat(language === 'id' ? 'id-ID' : 'en', {
    style: 'currency', currency: price.currency, currencyDisplay: 'narrowSymbol', maximumFractionDigits: price.decimals }).format(price.amount / 10 ** price.decimals);
  const percent = share => new Intl.NumberFormat(language, { style: 'percent', maximumFractionDigits: 2 }).format(share);
  const explain = ({ dataset: { detakPlacement: name, detakDecision: id } }) => {
    for (const one of document.querySelectorAll('a[data-detak-why]')) {
      const of = one.dataset.detakWhy || one.closest('[data-detak-placement]')?.dataset.detakPlacement;
      if (of === name) one.href = `${base}/why/${id}?lang=${language}`;
    }
  };
  const render = (place, decision, products) => {
    const template = place.querySelector('template');
    const named = template?.content.querySelector('[data-detak-field=name]');  // what has no name yet cannot be shown by it
    const slots = decision.slate.filter(one => !template || (named ? products[one.product_id]?.name : products[one.product_id]));
    if (!slots.length) return;  // nothing to show: what the shop has put there stays
    if (template) {
      const fresh = slots.map(slot => {
        const node = template.content.cloneNode(true).firstElementChild;
        const about = products[slot.product_id];
        node.dataset.detakProduct = slot.product_id;
        node.dataset.detakShelf = slot.shelf || '';
        fill(node, { ...about, price: money(about.price) });
        return node;
      });
      place.replaceChildren(template, ...fresh);
    } else {  // the shop's own list, brought into order
      const rank = new Map(slots.map((slot, at) => [slot.product_id, at]));
      const own = items(place).filter(one => rank.has(one.dataset.detakProduct));
      own.sort((one, other) => rank.get(one.dataset.detakProduct) - rank.get(other.dataset.detakProduct));
      own.reverse().forEach(one => one.parentNode.prepend(one));
    }
    place.dataset.detakDecision = decision.decision_id;
    explain(place);
    watch(place);
  };
  const promote = decisions => {
    const decision = decisions.find(one => one.promotion);
    for (const node of decision ? document.querySelectorAll('[data-detak-promotion]') : []) {
      const { discount, code, offer } = decision.promotion;
      fill(node, { discount: percent(discount), code, offer });
      node.hidden = false;
      track('Promotion Viewed', { promotion_id: offer, decision_id: decision.decision_id });
    }
  };
  const question = place => {
    const { detakPlacement: name, detakK: k, detakOf: product } = place.dataset;
    const own = place.querySelector('template') ? null : items(place).map(one => one.dataset.detakProduct);
    return { name, ...(k && { k: Number(k) }), ...(product && { product }), ...(own && { products: own.slice(0, 500) }) };
  };
  const decide = async () => {
    const places = [...document.querySelectorAll('[data-detak-placement]')];
    for (const one of places.filter(place => place.dataset.detakDecision)) {  // the server has rendered these
      explain(one);
      watch(one);
    }
    const open = places.filter(one => !one.dataset.detakDecision).slice(0, 20);  // what a question takes
    if (!open.length) return;
    const stop = new AbortController();
    const late = setTimeout(() => stop.abort(), patience);
    try {
      const anonymousId = allowed('personalisation') ? device() : null;
      const minor = 'minor' in own.dataset && own.dataset.minor !== 'false';
      const body = { ...(anonymousId && { anonymousId }), placements: open.map(question), context: { ...context(), minor }, details: true };
      const answer = await post('/v1/decide', body, { signal: stop.signal });
      if (!answer.ok) {  // for whoever builds the page
        console.warn(`detak: ${(await answer.json().catch(() => ({}))).message || answer.status}`);
        throw new Error(String(answer.status));
      }
      const { decisions, products } = await answer.json();
      clearTimeout(late);
      decisions.forEach((decision, at) => render(open[at], decision, products || {}));
      promote(decisions);
      document.documentElement.dataset.detak = 'decided';
    } catch {
      clearTimeout(late);
      document.documentElement.dataset.detak = 'default';
    }
  };

  window.detak = {
    track, flush, decide,
    identify: (id, traits = {}) => { kept(localStorage, 'detak_user', user = String(id)); send({ type: 'identify', traits }); },
    reset: () => { user = null; kept(localStorage, 'detak_user', null); kept(localStorage, 'detak_device', null); kept(sessionStorage, 'detak_decision', null); },
    consent: said => (said ? say(said) : banner()),
  };
  const start = () => {
    if (!consent && own.dataset.consent !== 'none') banner();
    send({ type: 'page', properties: {} });
    decide();
  };
  if (document.readyState === 'loading') addEventListener('DOMContentLoaded', start);
  else start();
})();
