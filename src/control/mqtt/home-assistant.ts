/** What Home Assistant needs to find the box: one retained message for the device and all its entities (its MQTT integration, “Device discovery”). */
import { topicRoot } from '../../model/mqtt.ts';

export function homeAssistantTopic(box: string): string {
  return `homeassistant/device/tandem_${box}/config`;
}

export function homeAssistantConfig(box: string, version: string): Record<string, unknown> {
  const root = topicRoot(box);
  const entity = (name: string, platform: string, rest: Record<string, unknown>) => ({ [name]: { p: platform, unique_id: `tandem_${box}_${name}`, ...rest } });
  const telemetry = (field: string, name: string, unit: string, rest: Record<string, unknown> = {}) => ({
    name,
    state_topic: `${root}telemetry`,
    value_template: `{{ value_json.${field} }}`,
    unit_of_measurement: unit,
    state_class: 'measurement',
    ...rest,
  });
  return {
    dev: { ids: [`tandem_${box}`], name: `Tandem ${box}`, mf: 'Tandem', mdl: 'field encoder', sw: version },
    o: { name: 'tandem', sw: version },
    availability: [
      {
        topic: `${root}status`,
        value_template: "{{ 'online' if value_json.online else 'offline' }}",
        payload_available: 'online',
        payload_not_available: 'offline',
      },
    ],
    cmps: {
      ...entity('on_air', 'binary_sensor', {
        name: 'On air',
        device_class: 'running',
        state_topic: `${root}state/program`,
        value_template: "{{ 'ON' if value_json.available and value_json.program.state == 'on-air' else 'OFF' }}",
      }),
      ...entity('input', 'sensor', { name: 'Input on air', state_topic: `${root}state/program`, value_template: '{{ value_json.program.input }}' }),
      ...entity('why', 'sensor', { name: 'Program', state_topic: `${root}state/program`, value_template: '{{ value_json.program.text[:250] }}' }),
      ...entity('bitrate', 'sensor', telemetry('kbps', 'Bitrate', 'kbit/s', { device_class: 'data_rate' })),
      ...entity('temperature', 'sensor', telemetry('temp', 'Temperature', '°C', { device_class: 'temperature' })),
      ...entity('processor', 'sensor', telemetry('cpu', 'Processor', '%')),
      ...entity('start', 'button', { name: 'Go on air', command_topic: `${root}cmd/start`, payload_press: '{"by":"Home Assistant"}', qos: 1, retain: false }),
      ...entity('stop', 'button', { name: 'Go off air', command_topic: `${root}cmd/stop`, payload_press: '{"by":"Home Assistant"}', qos: 1, retain: false }),
    },
  };
}
