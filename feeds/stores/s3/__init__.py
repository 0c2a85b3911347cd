"""Objects in an S3 bucket, through one of two clients.

Open choice.py first: `open_bucket` says which client a bucket gets. obstore_store.py sends requests
with obstore, and boto3_store.py with boto3. connection.py says where requests go and who signs
them; replies.py turns the error replies of S3 into the errors of this package, for both, and
obstore_errors.py finds them in the messages of obstore.
"""
