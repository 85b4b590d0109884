import AttributeEditor from '@cloudscape-design/components/attribute-editor';
import Box from '@cloudscape-design/components/box';
import ExpandableSection from '@cloudscape-design/components/expandable-section';
import Input from '@cloudscape-design/components/input';
import SpaceBetween from '@cloudscape-design/components/space-between';

export interface Exception {
  user: string;
  source: string;
  until: string; // a date: it ends with that day, in UTC
}

interface Props {
  held: string[]; // that hold after the change, in words
  rows: Exception[];
  onChange: (rows: Exception[]) => void;
}

/** Those that are complete, as the API takes them: USER@SOURCE=UNTIL. */
export function wordsOf(rows: Exception[]): string[] {
  return rows.filter(r => r.user && r.source && /^\d{4}-\d{2}-\d{2}$/.test(r.until)).map(r => `${r.user}@${r.source}=${r.until}`);
}

/** Clients that are let in without TLS until a day. */
export function Exceptions({ held, rows, onChange }: Props) {
  const set = (n: number, change: Partial<Exception>) => onChange(rows.map((r, i) => (i === n ? { ...r, ...change } : r)));
  return (
    <ExpandableSection headerText={`Exceptions with an end (${held.length})`} defaultExpanded={held.length > 0}>
      <SpaceBetween size="s">
        {held.length > 0 && (
          <div>
            <Box variant="awsui-key-label">Hold after the change</Box>
            <ul>
              {held.map(e => (
                <li key={e}>{e}</li>
              ))}
            </ul>
          </div>
        )}
        <AttributeEditor<Exception>
          items={rows}
          addButtonText="Add an exception"
          removeButtonText="Remove"
          empty="None is added."
          additionalInfo="* is every user or every source; a source is an address or a network. Each ends with its day, in UTC, and the client is refused from then on. To end one early, change the parameter below."
          onAddButtonClick={() => onChange([...rows, { user: '', source: '', until: new Date(Date.now() + 30 * 86_400_000).toISOString().slice(0, 10) }])}
          onRemoveButtonClick={e => onChange(rows.filter((_, n) => n !== e.detail.itemIndex))}
          definition={[
            { label: 'User', control: (r, n) => <Input value={r.user} placeholder="exporter" onChange={e => set(n, { user: e.detail.value })} /> },
            { label: 'Source', control: (r, n) => <Input value={r.source} placeholder="10.1.2.3" onChange={e => set(n, { source: e.detail.value })} /> },
            { label: 'Until', control: (r, n) => <Input value={r.until} placeholder="2026-12-31" onChange={e => set(n, { until: e.detail.value })} /> },
          ]}
        />
      </SpaceBetween>
    </ExpandableSection>
  );
}
