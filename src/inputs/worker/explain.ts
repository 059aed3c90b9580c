/**
 * Turns what GStreamer says on its bus into a reason of the closed list. The binding hands on only the sentence, not the
 * error's domain and code, so the sentences of the elements that we use are recognised here and nowhere else; what is not
 * recognised stays a pipeline error with GStreamer's own words.
 */
import type { InputConfig } from '../../config/schema.ts';
import type { Reason } from '../../model/reasons.ts';
import type { BusMessage } from './gstreamer.ts';

export interface Failure {
  reason: Reason;
  text: string;
}

const sentences: [RegExp, Reason][] = [
  [/no element "|Missing (element|plugin|decoder)|no suitable plugins|missing a plug-in/i, 'element-missing'],
  [/device.*is busy|resource busy/i, 'source-busy'],
  [/permission denied|not authori[sz]ed|unauthori[sz]ed|forbidden/i, 'source-denied'],
  [/no such file|cannot identify device|could not open device|resource not found|does not exist/i, 'source-missing'],
  [/connection refused|could not connect|failed to connect/i, 'source-refused'],
  [/timed? ?out|unreachable|could not resolve|name or service not known/i, 'source-unreachable'],
  [/connection (was )?(broken|lost|closed)|peer closed|end-of-file/i, 'source-closed'],
  [
    /not[- ]negotiated|could not determine type|no decoder|not supported|invalid format|wrong format|could not demultiplex|appears to be|no valid frames|contains no (data|video|streams)/i,
    'format-unsupported',
  ],
];

export function explain(message: Pick<BusMessage, 'message' | '_src_element_name'>, input: InputConfig): Failure {
  const said = (message.message ?? 'no further word').replace(/\s+/g, ' ').trim();
  const element = message._src_element_name;
  const reason =
    element === 'venc'
      ? 'encoder-failed'
      : (sentences.find(([pattern]) => pattern.test(said))?.[1] ??
        (/could not (open|read|write).*resource/i.test(said) ? 'source-unreachable' : 'pipeline-error'));
  return { reason, text: `${subject(input)}: ${said} (GStreamer element ${element})${advice(reason)}` };
}

/** What the input is, without anything secret. */
export function subject(input: InputConfig): string {
  switch (input.kind) {
    case 'v4l2':
    case 'hdmi-csi':
      return `camera ${input.device}`;
    case 'file':
      return `file ${input.path}`;
    case 'srt':
      return `SRT ${input.mode} ${input.host}:${input.port}`;
    case 'rtmp':
      return `RTMP listener ${input.host}:${input.port}`;
    case 'udp':
      return `UDP ${input.host}:${input.port}`;
    case 'rtsp':
      return `RTSP ${input.url.replace(/\/\/[^/@]*@/, '//').replace(/\?.*$/, '')}`;
    default:
      return `input ${input.id}`;
  }
}

function advice(reason: Reason): string {
  if (reason === 'element-missing') return '; tandem doctor names the package';
  if (reason === 'source-missing') return '; check the cable, or the name in the configuration';
  if (reason === 'source-busy') return '; end the other program that uses it';
  if (reason === 'source-denied') return '; check the rights of the media daemon, or user and password';
  return '';
}
