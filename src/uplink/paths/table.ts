/** What the kernel has said of its interfaces so far. Pure: facts in, the present state out. */
import type { LinkFact } from './netlink.ts';

export interface InterfaceState {
  index: number;
  name: string;
  carrier: boolean;
  addresses: ReadonlySet<string>;
}

export class InterfaceTable {
  readonly #byIndex = new Map<number, { index: number; name: string; carrier: boolean; addresses: Set<string> }>();

  get all(): InterfaceState[] {
    return [...this.#byIndex.values()];
  }

  find(name: string): InterfaceState | null {
    return this.all.find((one) => one.name === name) ?? null;
  }

  /** True when something changed by it. */
  learn(fact: LinkFact): boolean {
    switch (fact.kind) {
      case 'link': {
        const known = this.#byIndex.get(fact.index);
        if (known?.name === fact.name && known.carrier === fact.carrier) return false;
        this.#byIndex.set(fact.index, { index: fact.index, name: fact.name, carrier: fact.carrier, addresses: known?.addresses ?? new Set() });
        return true;
      }
      case 'link-gone':
        return this.#byIndex.delete(fact.index);
      case 'address': {
        const known = this.#byIndex.get(fact.index);
        if (known === undefined || known.addresses.has(fact.address)) return false;
        known.addresses.add(fact.address);
        return true;
      }
      case 'address-gone':
        return this.#byIndex.get(fact.index)?.addresses.delete(fact.address) ?? false;
      default:
        return false;
    }
  }

  /** The whole list was read anew: what is not in it is gone. True when something changed. */
  replace(other: InterfaceTable): boolean {
    const before = describe(this);
    this.#byIndex.clear();
    for (const one of other.all) this.#byIndex.set(one.index, { ...one, addresses: new Set(one.addresses) });
    return describe(this) !== before;
  }
}

const describe = (table: InterfaceTable): string =>
  table.all
    .map(({ index, name, carrier, addresses }) => `${index} ${name} ${carrier} ${[...addresses].sort().join(' ')}`)
    .sort()
    .join('\n');
