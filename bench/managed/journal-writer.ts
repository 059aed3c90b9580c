/** Writes events to a journal as fast as it takes them, and says which are safe: `node journal-writer.ts directory session`. */
import { openJournal } from '../../src/control/journal.ts';
import { eventOf } from '../../src/lab/power-cuts.ts';

const [, , directory = '', session = ''] = process.argv;
const journal = openJournal(directory, () => undefined);
let [taken, seq] = [journal.readyId, 0];
journal.subscribe((one) => {
  if (one !== null) return;
  let said = '';
  for (const { id, text } of journal.after(taken, 1000)) {
    if (id > journal.safeId) break;
    taken = id;
    said += `${id}\t${text}\n`;
  }
  process.stdout.write(said);
  more();
});
function more(): void {
  for (let burst = 0; burst < 5; burst++) {
    journal.append(eventOf(session, ++seq, 'x'.repeat(Math.floor(Math.random() * 2000))), 'media');
  }
}
more();
