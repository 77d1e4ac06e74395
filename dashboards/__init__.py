"""The review dashboard: Streamlit pages over the published snapshot and the reviews store."""
