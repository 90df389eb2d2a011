// Keeps the pulse on the page beating: one EventSource, closed while nobody looks (a browser has few connections to a host).
(() => {
  "use strict";
  const section = document.getElementById("pulse");
  if (!section || !window.EventSource) return;
  const { stream, language, connected, interrupted } = section.dataset;
  const names = JSON.parse(section.dataset.names);
  const whole = new Intl.NumberFormat(language);
  const find = (selector) => section.querySelector(selector);
  const line = find(".line path"), status = find(".status"), heart = find(".heart");
  const BASELINE = 84, TOP = 6, DIP = 14, FEWEST_FULL = 4, FIRST_WAIT = 1000, LONGEST_WAIT = 30000;
  let source = null, retry = 0, wait = FIRST_WAIT;

  // The same line as charts.pulse draws on the server.
  function path(beats) {
    const full = Math.max(FEWEST_FULL, ...beats);
    let d = `M0 ${BASELINE}`;
    beats.forEach((count, at) => {
      if (!count) return;
      const left = 10 * at, share = count / full;
      const top = (BASELINE - share * (BASELINE - TOP)).toFixed(1), dip = (BASELINE + share * DIP).toFixed(1);
      d += `L${left + 1} ${BASELINE}L${left + 3} ${dip}L${left + 5} ${top}L${left + 7} ${dip}L${left + 9} ${BASELINE}`;
    });
    return `${d}L${10 * beats.length} ${BASELINE}`;
  }

  function item([name, count]) {
    const entry = document.createElement("li"), figure = document.createElement("b");
    figure.textContent = whole.format(count);
    entry.append(figure, ` ${Object.hasOwn(names, name) ? names[name] : name}`);
    return entry;
  }

  function outcome(what, count) {
    const notice = find(`[data-outcome=${what}]`);
    notice.hidden = !count;
    notice.querySelector("b").textContent = whole.format(count);
  }

  function show(pulse) {
    const total = pulse.beats.reduce((sum, count) => sum + count, 0);
    line.setAttribute("d", path(pulse.beats));
    find("[data-total]").textContent = whole.format(total);
    find("[data-peak]").textContent = whole.format(Math.max(...pulse.beats, 0));
    find("[data-quiet]").hidden = total > 0;
    find("[data-busy]").hidden = total === 0;
    find("[data-events]").replaceChildren(...Object.entries(pulse.events).map(item));
    outcome("withheld", pulse.outcomes.withheld ?? 0);
    outcome("rejected", pulse.outcomes.rejected ?? 0);
    const news = document.querySelector("[data-news]");  // on the page of an empty store
    if (news) news.hidden = !pulse.outcomes.accepted;
    heart.classList.toggle("beats", pulse.beats.at(-1) > 0);
  }

  function say(text, lost) {
    if (status.textContent !== text) status.textContent = text;
    section.classList.toggle("lost", lost);
  }

  function open() {
    close();
    source = new EventSource(stream);
    source.onopen = () => { wait = FIRST_WAIT; say(connected, false); };
    source.onmessage = (message) => show(JSON.parse(message.data));
    source.onerror = () => {
      say(interrupted, true);
      // A browser reconnects by itself unless it was given an answer that is no stream.
      if (source.readyState === EventSource.CLOSED) {
        retry = setTimeout(open, wait);
        wait = Math.min(2 * wait, LONGEST_WAIT);
      }
    };
  }

  function close() {
    clearTimeout(retry);
    if (source) source.close();
    source = null;
  }

  document.addEventListener("visibilitychange", () => (document.hidden ? close() : open()));
  window.addEventListener("pagehide", close);
  window.addEventListener("pageshow", (event) => { if (event.persisted) open(); });
  if (!document.hidden) open();
})();
