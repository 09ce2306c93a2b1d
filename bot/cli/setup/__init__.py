"""The wizard behind `theseus setup`; its options are in `command`."""
