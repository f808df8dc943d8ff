"""From a file's bytes or a canvas's strokes to the 28x28 frame that the networks read."""
