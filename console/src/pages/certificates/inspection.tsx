import Alert from '@cloudscape-design/components/alert';
import Box from '@cloudscape-design/components/box';
import SpaceBetween from '@cloudscape-design/components/space-between';
import type { Inspection } from '../../api/types';
import { Chain } from '../../parts/chain';

type Inspected = Inspection['certificates'][number];

/** Certificates that follow each other as a chain does, as one; others by themselves. */
function runs(all: Inspected[]): Inspected[][] {
  const out: Inspected[][] = [];
  for (const c of all) {
    const last = out.at(-1);
    const before = last?.at(-1);
    if (last && before && !before.self_signed && before.issuer === c.subject) last.push(c);
    else out.push([c]);
  }
  return out;
}

/** What is inside a file, before or after it is imported. */
export function InspectionResult({ inspection: i }: { inspection: Inspection }) {
  if (!i.ok) {
    return (
      <Alert type="error" header="This cannot be imported">
        {i.refused}
      </Alert>
    );
  }
  return (
    <SpaceBetween size="s">
      <Box variant="h3">
        {i.kind === 'wallet' ? 'Oracle wallet' : 'PEM'}: {i.certificates.length === 1 ? '1 certificate' : `${i.certificates.length} certificates`}
      </Box>
      {i.warnings.map(w => (
        <Alert key={w} type="warning">
          {w}
        </Alert>
      ))}
      {runs(i.certificates).map((run, n) => (
        <Chain key={`${run[0]!.sha256} ${n}`} certificates={run} label={`Certificates inside, part ${n + 1}`} />
      ))}
    </SpaceBetween>
  );
}
