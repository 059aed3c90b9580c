/** What a press of the button asks for. Pure. */
import type { CommandName } from '../../model/command.ts';
import type { Status } from '../../model/status.ts';

/**
 * short: on or off air. long: the short script of a rehearsal; while one runs, its end.
 * @param status null: the media daemon has not answered yet.
 */
export function orderOf(press: 'short' | 'long', status: Pick<Status, 'program' | 'rehearsal'> | null): CommandName {
  if (press === 'long') return status?.rehearsal ? 'stop-rehearsal' : 'rehearse';
  return status?.program.state === 'stopped' ? 'start' : 'stop';
}
