import Box from '@cloudscape-design/components/box';
import SpaceBetween from '@cloudscape-design/components/space-between';
import Spinner from '@cloudscape-design/components/spinner';
import { useApp } from '../../app/context';
import { useLive } from '../../api/live';
import { get } from '../../api/native';
import type { Rotations } from '../../api/types';
import { Problem } from '../../parts/problem';
import { History } from './history';
import type { Instance } from './instance';
import { OpenRotation } from './open_rotation';
import { PlanRotation } from './plan_rotation';

/** The rotation under way, step by step; what another would do; and those that were. */
export function RotationTab({ instance: i }: { instance: Instance }) {
  const { region } = useApp();
  const { data, error, reload } = useLive(() => get<Rotations>(`instances/${encodeURIComponent(i.name)}/rotations`), [i.name, region]);
  const latest = data?.open ?? data?.history[0];
  return (
    <SpaceBetween size="l">
      <Problem error={error} what="The rotations could not be read" onRetry={reload} />
      {!data && !error && <Spinner />}
      {data && latest && <OpenRotation rotation={latest} name={i.name} />}
      {data && !latest && <Box color="text-body-secondary">Its certificate has never been replaced.</Box>}
      <PlanRotation instance={i} open={data?.open} onDone={reload} />
      {data && <History rows={data.history} />}
    </SpaceBetween>
  );
}
