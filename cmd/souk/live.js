// Keeps the page of a run that is under way up to date, and puts the report in its place when the run is complete.
(async () => {
  for (;;) {
    await new Promise((done) => setTimeout(done, 1000));
    try {
      const answer = await fetch('/', { cache: 'no-store' });
      const text = await answer.text();
      if (answer.headers.get('Souk-Run') === 'complete') {
        document.open();
        document.write(text);
        document.close();
        return;
      }
      const now = new DOMParser().parseFromString(text, 'text/html').querySelector('main');
      const open = [...document.querySelectorAll('details')].map((d) => d.open);
      [...now.querySelectorAll('details')].forEach((d, i) => { d.open = open[i] || false; });
      document.querySelector('main').replaceWith(document.adoptNode(now));
    } catch {
      const note = document.createElement('p');
      note.setAttribute('role', 'status');
      note.textContent = 'souk has stopped: the run was interrupted, or failed. What stands here is the last that was heard.';
      document.querySelector('main').prepend(note);
      return;
    }
  }
})();
