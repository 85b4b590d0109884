import AttributeEditor from '@cloudscape-design/components/attribute-editor';
import Input from '@cloudscape-design/components/input';
import Spinner from '@cloudscape-design/components/spinner';
import { useEffect, useState } from 'react';
import type { ApiError } from '../../api/http';
import { dms } from '../../api/dms';
import { tagsOf, type Tag } from '../../api/migration';
import { word } from '../../parts/command';
import { FormModal } from '../../parts/form_modal';
import { Problem } from '../../parts/problem';
import { asError } from '../../parts/use_act';

/** Adds, changes and removes a resource's tags. */
export function Tags({ name, arn, onClose }: { name: string; arn: string; onClose: (done: boolean) => void }) {
  const [before, setBefore] = useState<Tag[]>();
  const [rows, setRows] = useState<Tag[]>([]);
  const [error, setError] = useState<ApiError>();
  useEffect(() => {
    tagsOf(arn).then(
      found => {
        setBefore(found);
        setRows(found);
      },
      (e: unknown) => setError(asError(e)),
    );
  }, [arn]);
  const set = (n: number, change: Partial<Tag>) => setRows(rows.map((r, i) => (i === n ? { ...r, ...change } : r)));
  const kept = rows.filter(r => r.Key !== '');
  const gone = (before ?? []).filter(b => !kept.some(r => r.Key === b.Key)).map(b => b.Key);
  const changed = kept.filter(r => before?.find(b => b.Key === r.Key)?.Value !== r.Value);
  const commands = [
    changed.length > 0 && `aws dms add-tags-to-resource --resource-arn ${word(arn)} --tags ${changed.map(t => word(`Key=${t.Key},Value=${t.Value}`)).join(' ')}`,
    gone.length > 0 && `aws dms remove-tags-from-resource --resource-arn ${word(arn)} --tag-keys ${gone.map(word).join(' ')}`,
  ].filter(Boolean);
  return (
    <FormModal
      title={`Tags of ${name}`}
      action="Save"
      ready={changed.length + gone.length > 0}
      command={commands.join('\n') || `aws dms list-tags-for-resource --resource-arn ${word(arn)}`}
      onDo={async () => {
        if (gone.length > 0) await dms('RemoveTagsFromResource', { ResourceArn: arn, TagKeys: gone });
        if (changed.length > 0) await dms('AddTagsToResource', { ResourceArn: arn, Tags: changed.map(({ Key, Value }) => ({ Key, Value })) });
      }}
      onClose={onClose}
    >
      <Problem error={error} what="The tags could not be read" />
      {!before && !error && <Spinner />}
      {before && (
        <AttributeEditor<Tag>
          items={rows}
          addButtonText="Add a tag"
          removeButtonText="Remove"
          empty="It has no tags."
          onAddButtonClick={() => setRows([...rows, { Key: '', Value: '' }])}
          onRemoveButtonClick={e => setRows(rows.filter((_, n) => n !== e.detail.itemIndex))}
          definition={[
            { label: 'Key', control: (r, n) => <Input value={r.Key} onChange={e => set(n, { Key: e.detail.value })} /> },
            { label: 'Value', control: (r, n) => <Input value={r.Value} onChange={e => set(n, { Value: e.detail.value })} /> },
          ]}
        />
      )}
    </FormModal>
  );
}
