/**
 * The kernel's word on paths, told to an SRTLA sender: a link without carrier is given up at once, one whose address changed registers
 * from there, one whose interface has another name is bound to that.
 *
 * The sender has no function of its own for it. What it has is `setRemote`, which makes a link's socket anew: so a link that is held down
 * gets an interface that cannot exist, and each change is told as one of the remote.
 */
import type { Notice } from '../model/event.ts';
import type { PathStatus } from '../model/status.ts';
import type { LivePath } from './paths/watch.ts';
import type { LinkPath } from './srtla/link.ts';
import type { SrtlaSender } from './srtla/sender.ts';

/** No interface can be called so (dev_valid_name in the kernel). */
const noInterface = '.';
const nowhere = { address: '', port: 0 };

export class HeldLinks {
  readonly #links: readonly LinkPath[];
  readonly #paths: readonly LivePath[];

  /** `links` are the very objects that the sender was given. */
  constructor(links: readonly LinkPath[], paths: readonly LivePath[]) {
    this.#links = links;
    this.#paths = paths;
    for (const link of links) {
      const path = this.#pathOf(link.id);
      if (path !== undefined && !path.usable) link.interface = noInterface;
    }
  }

  changed(path: LivePath, sender: SrtlaSender): void {
    const link = this.#links.find(({ id }) => id === path.id);
    if (link === undefined) return;
    const { remote } = link;
    link.interface = path.usable ? path.interface : noInterface;
    link.remote = nowhere;
    sender.setRemote(path.id, remote);
  }

  /** The address that a link is sent to; undefined where its name was never resolved. */
  remoteOf(id: string): string | undefined {
    return this.#links.find((link) => link.id === id)?.remote.address;
  }

  /** What the sender says of a link that is held down or was told of, is of our own making. */
  isNews({ subject, reason }: Notice): boolean {
    return subject.kind !== 'path' || (reason !== 'config-changed' && this.#pathOf(subject.id)?.usable !== false);
  }

  status(status: PathStatus): PathStatus {
    const path = this.#pathOf(status.id);
    return path === undefined || path.usable ? status : { ...status, interface: path.interface, state: 'down', reason: path.reason };
  }

  #pathOf(id: string): LivePath | undefined {
    return this.#paths.find((path) => path.id === id);
  }
}
