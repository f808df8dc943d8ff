-- Which drawings are held out to judge new versions is chance, and no longer follows from a drawing's id, which its
-- sender knows before the label: nobody can choose who judges. Drawings from before stay where they are.

ALTER TABLE predictions ALTER held_out DROP EXPRESSION;
ALTER TABLE predictions ALTER held_out SET DEFAULT get_byte(uuid_send(gen_random_uuid()), 0) % 5 = 0;
