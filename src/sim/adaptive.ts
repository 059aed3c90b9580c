/** The choice of the bitrate over simulated links: an encoder that obeys at once and makes what it is told. */
import { type BitrateLimits, initialBitrate, judgeBitrate } from '../uplink/bitrate.ts';
import { networkLoad } from '../uplink/load.ts';
import { simulateUplink, type UplinkResult, type UplinkScenario } from './uplink.ts';

/** The links register and nothing flows: nothing can be said yet. */
const startMs = 600;

export interface AdaptiveResult extends UplinkResult {
  /** When it was first at the most; null: never. */
  atMostMs: number | null;
}

export function simulateAdaptive(scenario: Omit<UplinkScenario, 'adapt'>, limits: BitrateLimits): AdaptiveResult {
  let state = initialBitrate(scenario.kbps);
  let atMostMs: number | null = null;
  const result = simulateUplink({
    ...scenario,
    adapt: (bond, _kbps, nowMs) => {
      if (nowMs < startMs) return state.kbps;
      bond.probing = state.kbps < limits.maxKbps;
      const inputs = {
        ...networkLoad(bond, nowMs),
        programKbps: state.kbps,
        restKbps: 0,
        strained: false,
      };
      ({ state } = judgeBitrate(state, inputs, limits, nowMs));
      if (state.kbps >= limits.maxKbps) atMostMs ??= nowMs - startMs;
      return state.kbps;
    },
  });
  return { ...result, atMostMs };
}
