import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { topicTable } from '../model/mqtt-topics.ts';
import { mqttDocs, mqttDocsPath } from './mqtt-docs.ts';

test.each(topicTable.filter(({ schema }) => schema !== null).map((row) => [row.topic, row] as const))(
  'the example of %s is valid, and says no more than its schema',
  (_topic, row) => {
    const parsed = row.schema?.parse(row.example);
    expect(parsed).toEqual(row.example);
  },
);

test('docs/mqtt.md is what the schemas say', () => {
  expect(readFileSync(mqttDocsPath, 'utf8')).toBe(mqttDocs());
});
